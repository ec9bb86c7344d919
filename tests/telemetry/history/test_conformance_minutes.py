"""How every history store makes minutes, the same for each database."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.history.port import Aggregate
from telemetry.history.window import Spans
from tests.telemetry.history.conftest import (
    HOUR,
    InfluxdbStore,
    MovableClock,
    SqliteStore,
    Store,
)
from tests.telemetry.history.minutes import (
    DAY,
    MINUTE,
    WEEK,
    Longer,
    minute_of,
    new_store,
    opened,
    recording,
    roll_up,
)
from tests.telemetry.history.samples import INTERVAL, cpu, disk, question

LATER = 100 * MINUTE  # the window has ended, and InfluxDB would still have the samples


@pytest.fixture
def past(clock: MovableClock) -> int:
    """Set the clock to a full minute four hours ago, so that a test can feed hours at speed."""
    clock.now = minute_of(clock.now) - 4 * HOUR
    return clock.now


@pytest.fixture(params=["sqlite", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path, past: int, clock: MovableClock) -> Store:
    assert past == clock.now
    return new_store(request, tmp_path, clock)


@pytest.fixture
def longer(store: Store) -> Iterator[Longer]:
    yield from opened(store)


def test_rolling_up_twice_changes_nothing(longer: Longer, past: int) -> None:
    longer.feed(recording(past, 10 * MINUTE))
    longer.settle(HOUR + MINUTE)
    before = longer.values()
    assert len(before) == 10
    assert longer.writer.roll_up() is False
    assert longer.values() == before


def test_a_late_sample_changes_its_minute(longer: Longer, past: int) -> None:
    longer.feed([cpu(past, 1.0), cpu(past + 10 * MINUTE, 1.0)])
    longer.settle(10 * MINUTE)
    longer.writer.write([cpu(past + INTERVAL, 5.0), cpu(past + MINUTE, 7.0, host="other")])
    longer.settle(HOUR)
    assert longer.values() == {past: 3.0, past + 10 * MINUTE: 1.0}
    assert longer.values(host="other") == {past + MINUTE: 7.0}


def test_a_late_sample_at_the_edge_of_the_window_leaves_the_rest_of_its_minute(
    longer: Longer, past: int
) -> None:
    longer.feed([cpu(past, 1.0), cpu(past + 30_000, 2.0)])
    longer.settle()
    longer.store.clock.now = past + HOUR + 20_000
    longer.feed([cpu(past + HOUR + 20_000, 0.0)])  # the first is older than the window
    longer.writer.write([cpu(past + 50_000, 9.0)])
    longer.settle()
    longer.store.clock.advance(LATER)
    assert longer.values()[past] == 4.0


def test_a_minute_that_has_not_ended_is_not_made(longer: Longer, past: int) -> None:
    longer.feed([cpu(past, 1.0), cpu(past + 30_000, 2.0)])
    roll_up(longer.writer)
    longer.store.clock.now = past + MINUTE + 1000  # its last samples may be on their way
    roll_up(longer.writer)
    longer.store.clock.advance(LATER)
    assert longer.values() == {}


def test_another_writer_makes_the_minutes_of_one_that_was_killed(
    longer: Longer, store: Store, past: int
) -> None:
    longer.feed([cpu(past, 1.0)])
    longer.writer.close()  # without a roll-up
    store.clock.advance(LATER)
    with closing(store.new_writer()) as successor:
        successor.open()
        successor.write([cpu(store.clock(), 2.0)])
        roll_up(successor)
    assert longer.values() == {past: 1.0}


def test_two_writers_do_not_disturb_each_other(longer: Longer, store: Store, past: int) -> None:
    with closing(store.new_writer()) as second:
        second.open()
        for number in range(4):
            time = past + number * MINUTE
            store.clock.now = time + 2 * MINUTE
            longer.writer.write([cpu(time, 1.0), cpu(time, 1.0, host="a")])
            second.write([cpu(time + INTERVAL, 3.0), cpu(time, 5.0, host="b")])
            roll_up(longer.writer if number % 2 else second)
            second.write([cpu(time + 2 * INTERVAL, 5.0)])
        store.clock.advance(LATER)
        roll_up(second)
    for host, mean in (("h", 3.0), ("a", 1.0), ("b", 5.0)):
        assert list(longer.values(host=host).values()) == [mean] * 4


def test_minutes_are_kept_for_days_and_then_expire(longer: Longer, past: int) -> None:
    longer.feed([cpu(past, 1.0)])
    longer.settle()
    longer.store.clock.now = past + WEEK
    assert longer.values(end=past + MINUTE) == {past: 1.0}
    longer.store.clock.advance(1)
    assert longer.values(end=past + MINUTE) == {}


def test_all_cores_and_devices_have_minutes(longer: Longer, past: int) -> None:
    cores = [float(core) for core in range(130)]
    longer.writer.write(
        [cpu(past, per_core=cores), disk(past, ["a b", 'c"']), cpu(past, None, "z")]
    )
    longer.settle(LATER)
    answer = longer.reader.read(question(past, past + MINUTE, "system/cpu", "system/disk"))
    assert [answer["system/cpu"].fields[f"per_core.{core}"] for core in range(130)] == [
        [core] for core in cores
    ]
    assert answer["system/disk"].fields['per_device.c".read_rate'] == [1.0]
    nulls = longer.reader.read(question(past, past + MINUTE, host="z"))["system/cpu"]
    assert (nulls.timestamps, nulls.fields["utilization"]) == ([past], [None])


def test_only_the_columns_of_the_chosen_fields_are_read(longer: Longer, past: int) -> None:
    cores = [float(core) for core in range(20)]
    samples = [cpu(past, 50.0, per_core=cores, frequency=3000.0), disk(past, ["a", "b"])]
    longer.writer.write(samples)
    longer.settle(LATER)
    now = longer.clock
    longer.writer.write([cpu(now, 50.0, per_core=cores)])
    of_minutes, of_buckets, joined = (past + MINUTE, 5000), (now + 1, 1), (now + 1, 5000)
    devices = {f"per_device.{name}.{rate}" for name in "ab" for rate in ("read_rate", "write_rate")}
    for aggregate in Aggregate:
        for (end, max_points), times in (
            (of_minutes, [past]),
            (of_buckets, [past]),
            (joined, [past, past + MINUTE, now]),
        ):
            query = question(past, end, "system/cpu", "system/disk", max_points=max_points)
            fields = ("per_core", "frequency_max", "per_device")
            answer = longer.reader.read(replace(query, fields=fields, aggregate=aggregate))
            assert answer["system/cpu"].timestamps == times
            of_cores = {
                f"per_core.{core}": [None if time == past + MINUTE else core for time in times]
                for core in range(20)
            }
            nulls = {"frequency_max": [None] * len(times)}
            assert answer["system/cpu"].fields == nulls | of_cores
            assert answer["system/disk"].timestamps == [past]
            assert answer["system/disk"].fields.keys() == devices


def test_a_host_that_is_silent_is_listed_for_its_minutes_only_if_asked(
    longer: Longer, past: int
) -> None:
    longer.feed([cpu(past, 1.0)])
    longer.settle(LATER)
    assert (list(longer.reader.hosts()), list(longer.reader.channels("h"))) == ([], [])
    assert list(longer.reader.hosts(past)) == ["h"]
    assert list(longer.reader.channels("h", past)) == ["system/cpu"]
    assert list(longer.reader.channels("h", past + MINUTE)) == []


def test_a_peak_of_one_sample_is_the_maximum_after_days(longer: Longer, past: int) -> None:
    longer.feed(recording(past, 10 * MINUTE))
    longer.settle()
    longer.store.clock.advance(6 * DAY)
    query = replace(question(past, longer.clock, max_points=360), aggregate=Aggregate.MAX)
    columns = longer.reader.read(query)["system/cpu"]
    assert columns.fields["utilization"][0] == 1000.0
    assert columns.bucket_width == -(-(query.end - past) // 360)


def test_an_outage_across_the_seam_is_one_null_point(longer: Longer, past: int) -> None:
    samples = recording(past, 150 * MINUTE)
    outage = range(past + 60 * MINUTE, past + 120 * MINUTE)
    longer.feed([cpu(each.timestamp, 1.0) for each in samples if each.timestamp not in outage])
    longer.settle()
    for max_points in (50, 5000):
        query = question(past, longer.clock, max_points=max_points)
        columns = longer.reader.read(query)["system/cpu"]
        pairs = zip(columns.timestamps, columns.fields["utilization"], strict=True)
        (null,) = [time for time, value in pairs if value is None]
        assert outage[0] - MINUTE <= null <= outage[-1]
        assert columns.timestamps == sorted(set(columns.timestamps))


def test_a_query_inside_the_window_is_answered_from_samples_only(longer: Longer, past: int) -> None:
    longer.feed(recording(past, 10 * MINUTE))
    longer.settle(HOUR - MINUTE)
    query = question(longer.clock - HOUR - 100, longer.clock, max_points=5000)
    columns = longer.reader.read(query)["system/cpu"]
    assert columns.minutes_until is None
    assert columns.bucket_width is None
    assert columns.timestamps[0] >= longer.clock - HOUR


def test_a_store_without_minutes_makes_none(longer: Longer, store: Store, past: int) -> None:
    if isinstance(store, SqliteStore):
        without: Store = replace(store, spans=Spans(HOUR))
    else:
        assert isinstance(store, InfluxdbStore)
        without = replace(store, minutes_ms=0)
    with closing(without.new_writer()) as writer:
        writer.open()
        writer.write([cpu(past, 1.0)])
        store.clock.advance(2 * MINUTE)
        assert writer.roll_up() is False
        store.clock.advance(2 * HOUR)
        writer.write([cpu(store.clock(), 1.0)])
    assert longer.values() == {}
