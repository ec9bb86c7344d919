"""How every history store joins minutes and samples, the same for each database."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from telemetry.history.port import Aggregate
from tests.telemetry.history.conftest import HOUR, MovableClock
from tests.telemetry.history.minutes import (
    MINUTE,
    Longer,
    made_of,
    minute_of,
    new_store,
    opened,
    recording,
)
from tests.telemetry.history.samples import question


@pytest.fixture(scope="module", params=["sqlite", "influxdb"])
def three_hours(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Longer]:
    """Record three hours once: the tests only read them."""
    clock = MovableClock()
    start = clock.now = minute_of(clock.now) - 4 * HOUR
    store = new_store(request, tmp_path_factory.mktemp("minutes"), clock)
    for longer in opened(store):
        longer.feed(recording(start, 3 * HOUR))
        longer.settle(MINUTE + 20_000)
        yield longer


def test_a_recording_of_three_hours_gives_the_minutes_that_plain_python_computes(
    three_hours: Longer,
) -> None:
    for aggregate in Aggregate:
        expected = made_of(three_hours.written, aggregate)
        last = minute_of(three_hours.clock - HOUR)
        found = three_hours.values(aggregate)
        assert list(found) == [time for time in expected if time < last]
        assert list(found.values()) == pytest.approx([expected[time] for time in found])


def test_minutes_and_samples_are_joined_without_a_seam(three_hours: Longer) -> None:
    query = question(three_hours.start, three_hours.clock + 1, max_points=5000)
    columns = three_hours.reader.read(query)["system/cpu"]
    seam = minute_of(three_hours.clock - HOUR) + MINUTE
    assert (columns.minutes_until, columns.bucket_width) == (seam, None)
    expected = [time for time in made_of(three_hours.written, Aggregate.MEAN) if time < seam]
    expected += [each.timestamp for each in three_hours.written if each.timestamp >= seam]
    assert columns.timestamps == expected
    assert {len(values) for values in columns.fields.values()} == {len(expected)}


def test_a_span_across_the_seam_has_the_values_that_plain_python_computes(
    three_hours: Longer,
) -> None:
    for aggregate in Aggregate:
        for max_points in (1, 7, 181):
            query = question(three_hours.start + 7, three_hours.clock, max_points=max_points)
            query = replace(query, aggregate=aggregate)
            columns = three_hours.reader.read(query)["system/cpu"]
            width = max(MINUTE, -(-(query.end - query.start) // max_points))
            buckets = three_hours.buckets(query, width)
            assert (columns.bucket_width, columns.minutes_until) == (width, None)
            assert len(columns.timestamps) <= max_points
            assert columns.timestamps == list(buckets)
            values = list(buckets.values())
            assert columns.fields["utilization"] == pytest.approx(values)


def test_samples_after_the_seam_are_aggregated_if_they_are_too_many(three_hours: Longer) -> None:
    query = question(three_hours.start + 7, three_hours.clock, max_points=250)
    columns = three_hours.reader.read(query)["system/cpu"]
    assert 200 < len(columns.timestamps) <= 250
    assert columns.minutes_until == minute_of(three_hours.clock - HOUR) + MINUTE
    assert columns.bucket_width is not None
    assert columns.bucket_width < MINUTE
