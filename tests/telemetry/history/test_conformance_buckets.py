"""How every history store aggregates a span, the same for each database."""

import random
from dataclasses import replace

import pytest

from telemetry.history.port import Aggregate, HistoryReader, HistoryWriter
from telemetry.samples import Sample
from tests.telemetry.history.conftest import Store
from tests.telemetry.history.samples import INTERVAL, aggregated, cpu, question

MINUTE = 60_000


@pytest.mark.parametrize("max_points", [2, 360])
def test_the_start_is_inclusive_and_the_end_exclusive(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    now = store.clock()
    writer.write([cpu(now + offset, float(offset)) for offset in range(-10, 1)])
    query = replace(question(now - 8, now - 2, max_points=max_points), aggregate=Aggregate.MIN)
    columns = reader.read(query)["system/cpu"]
    expected = [-8, -5] if max_points == 2 else [-8, -7, -6, -5, -4, -3]
    assert columns.timestamps == [now + offset for offset in expected]
    assert columns.fields["utilization"] == expected
    query = replace(query, aggregate=Aggregate.MAX)
    assert max(value or 0 for value in reader.read(query)["system/cpu"].fields["utilization"]) < -2


@pytest.mark.parametrize("aggregate", Aggregate)
@pytest.mark.parametrize(("max_points", "lead"), [(360, 0), (100, 777), (7, 1), (1, 0)])
def test_buckets_have_the_values_that_plain_python_computes(
    store: Store,
    writer: HistoryWriter,
    reader: HistoryReader,
    aggregate: Aggregate,
    max_points: int,
    lead: int,
) -> None:
    start = store.clock() - 15 * MINUTE
    chance = random.Random(max_points)  # noqa: S311 - the same samples in each run
    samples = [
        cpu(start + number * INTERVAL + chance.randrange(50), chance.choice([None, number / 7]))
        for number in range(400)
    ]
    writer.write(samples)
    end = samples[-1].timestamp - 5 * INTERVAL
    query = replace(question(start + lead, end, max_points=max_points), aggregate=aggregate)
    columns = reader.read(query)["system/cpu"]
    expected = aggregated(samples, query)
    assert columns.timestamps == expected.timestamps
    assert columns.bucket_width == expected.bucket_width
    assert columns.fields["utilization"] == pytest.approx(expected.fields["utilization"])


def test_each_of_many_channels_has_its_own_buckets(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    start = store.clock() - 5 * MINUTE
    channels = [f"system/gpu/{number}" for number in range(13)]
    for number, channel in enumerate(channels):
        values = {"utilization": float(number)}
        times = range(start, start + 2 * MINUTE, INTERVAL)
        writer.write([Sample(channel, "h", time, values) for time in times])
    query = question(start, start + 2 * MINUTE, *channels, max_points=10)
    answer = reader.read(query)
    assert {name: each.fields["utilization"] for name, each in answer.items()} == {
        channel: [float(number)] * 10 for number, channel in enumerate(channels)
    }


@pytest.mark.parametrize("max_points", [1, 2, 3, 10, 50, 99, 100, 101, 360])
def test_samples_and_marks_of_outages_never_exceed_max_points(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    start = store.clock() - 30 * MINUTE
    # Ten runs of ten samples, with an outage after each run.
    times = [
        start + run * 2 * MINUTE + number * INTERVAL for run in range(10) for number in range(10)
    ]
    writer.write([cpu(time) for time in times])
    columns = reader.read(question(start, times[-1] + 1, max_points=max_points))["system/cpu"]
    assert len(columns.timestamps) <= max_points
    assert columns.timestamps == sorted(set(columns.timestamps))
    assert {len(values) for values in columns.fields.values()} == {len(columns.timestamps)}
    assert columns.fields["utilization"].count(1.0) >= min(10, max_points)


@pytest.mark.parametrize("max_points", [60, 360])
def test_an_outage_is_one_null_point_and_a_late_sample_is_not(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    start = store.clock() - 20 * MINUTE
    late, outage = 37, range(150, 240)
    samples = [
        cpu(start + number * INTERVAL + (INTERVAL // 2 if number == late else 0))
        for number in range(300)
        if number not in outage
    ]
    writer.write(samples)
    end = samples[-1].timestamp + 1
    columns = reader.read(question(start, end, max_points=max_points))["system/cpu"]
    utilization = columns.fields["utilization"]
    assert utilization.count(None) == 1
    null = columns.timestamps[utilization.index(None)]
    assert start + outage[0] * INTERVAL - INTERVAL < null < start + outage[-1] * INTERVAL
    assert all(values[utilization.index(None)] is None for values in columns.fields.values())
