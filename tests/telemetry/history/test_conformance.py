"""The behaviour of every history store, the same for each database."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from telemetry.catalogue import CPU, GPU
from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.columns import scalars_of
from telemetry.history.port import Aggregate, HistoryReader, HistoryWriter
from telemetry.samples import Sample
from tests.telemetry.history.conftest import HOUR, Store
from tests.telemetry.history.samples import cpu, disk, listed, question


def test_what_was_written_is_read_back_exactly(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    gpu = {"utilization": 75.5, "memory_used": 6_657_199_308, "temperature": -3.25, "name": "X"}
    core = {"utilization": 0.1 + 0.2, "per_core": [35.0, None, 1e-7], "load_average": [1.2, 0, 1e6]}
    writer.write([Sample("system/gpu/0", "h", now, gpu), Sample("system/cpu", "h", now, core)])
    answer = reader.read(question(now, now + 1, "system/gpu/0", "system/cpu"))
    assert answer["system/gpu/0"].timestamps == answer["system/cpu"].timestamps == [now]
    assert answer["system/gpu/0"].bucket_width is None
    assert answer["system/gpu/0"].fields == {
        **{column: [None] for column in scalars_of(GPU)},
        "utilization": [75.5],
        "memory_used": [6_657_199_308],
        "temperature": [-3.25],
    }
    assert answer["system/cpu"].fields == {
        "utilization": [0.1 + 0.2],
        "per_core.0": [35.0],
        "per_core.2": [1e-7],
        "frequency": [None],
        "frequency_max": [None],
        "load_average.0": [1.2],
        "load_average.1": [0],
        "load_average.2": [1e6],
        "pressure_some": [None],
    }


def test_a_sample_written_twice_is_stored_once(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now, 5.0), cpu(now, 5.0)])
    writer.write([cpu(now, 5.0)])
    columns = reader.read(question(now, now + 1))["system/cpu"]
    assert (columns.timestamps, columns.fields["utilization"]) == ([now], [5.0])


def test_a_rewritten_sample_overwrites_the_first(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now, 5.0)])
    writer.write([cpu(now, 6.0)])
    columns = reader.read(question(now, now + 1))["system/cpu"]
    assert (columns.timestamps, columns.fields["utilization"]) == ([now], [6.0])


def test_a_sample_that_comes_twice_in_a_batch_has_the_fields_of_both_and_the_newer_values(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now, cores = store.clock(), [float(core) for core in range(40)]
    writer.write([cpu(now, 3.0), cpu(now, 4.0, per_core=cores), cpu(now, 5.0)])
    fields = reader.read(question(now, now + 1))["system/cpu"].fields
    assert fields["utilization"] == [5.0]
    assert [fields[f"per_core.{core}"] for core in range(40)] == [[core] for core in cores]


def test_hosts_and_gpus_are_kept_apart(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    channels = [f"system/gpu/{gpu}{mig}" for gpu in (0, 1, 10) for mig in ("", "/mig/0", "/mig/1")]
    places = [(host, channel) for host in "ab" for channel in channels]
    writer.write(
        [
            Sample(channel, host, now, {"memory_used": float(number)})
            for number, (host, channel) in enumerate(places)
        ]
    )
    for number, (host, channel) in enumerate(places):
        answer = reader.read(question(now, now + 1, channel, host=host))
        assert list(answer) == [channel]
        assert answer[channel].fields["memory_used"] == [number]


def test_a_null_comes_back_as_null(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now - 2, 1.0), cpu(now - 1, None), cpu(now, 3.0)])
    columns = reader.read(question(now - 2, now + 1))["system/cpu"]
    assert columns.timestamps == [now - 2, now - 1, now]
    assert columns.fields["utilization"] == [1.0, None, 3.0]


@pytest.mark.parametrize("max_points", [1, 360])
def test_a_sample_with_only_nulls_is_stored(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    now = store.clock()
    writer.write([cpu(now - 1, None), cpu(now, None)])
    columns = reader.read(question(now - 1, now + 1, max_points=max_points))["system/cpu"]
    assert columns.timestamps == [now - 1, now][:max_points]
    assert columns.fields == {name: [None] * len(columns.timestamps) for name in scalars_of(CPU)}


@pytest.mark.parametrize("max_points", [1, 360])
def test_a_sample_without_the_fields_that_all_collectors_send_is_read(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    now = store.clock()
    writer.write([cpu(now - 1, None, frequency=3000.0), cpu(now, None, frequency=3000.0)])
    columns = reader.read(question(now - 1, now + 1, max_points=max_points))["system/cpu"]
    assert columns.fields["frequency"] == [3000.0, 3000.0][:max_points]


def test_a_field_that_some_samples_lack_is_null_there(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([disk(now - 2, ["a"]), disk(now - 1, ["a", "b"]), disk(now, ["b"])])
    fields = reader.read(question(now - 2, now + 1, "system/disk"))["system/disk"].fields
    assert fields["per_device.a.read_rate"] == [1.0, 1.0, None]
    assert fields["per_device.b.read_rate"] == [None, 1.0, 1.0]
    fields = reader.read(question(now, now + 1, "system/disk"))["system/disk"].fields
    assert "per_device.a.read_rate" not in fields


@pytest.mark.parametrize("aggregate", Aggregate)
def test_all_cores_of_a_large_machine_are_read_back(
    store: Store, writer: HistoryWriter, reader: HistoryReader, aggregate: Aggregate
) -> None:
    start = store.clock() - 10
    cores = [float(core) for core in range(130)]
    writer.write([cpu(start, per_core=None), cpu(start + 1, per_core=cores)])
    for max_points, timestamps in ((10, [start, start + 1]), (1, [start])):
        query = replace(question(start, start + 2, max_points=max_points), aggregate=aggregate)
        columns = reader.read(query)["system/cpu"]
        assert columns.timestamps == timestamps
        nulls = [None] * (len(timestamps) - 1)
        for core in range(130):
            assert columns.fields[f"per_core.{core}"] == [*nulls, core]


@pytest.mark.parametrize("max_points", [1, 360])
def test_a_sample_older_than_the_window_is_never_returned(
    store: Store, writer: HistoryWriter, reader: HistoryReader, max_points: int
) -> None:
    first = store.clock()
    writer.write([cpu(first - 1, 1.0), cpu(first, 2.0), cpu(first + 1, 3.0)])
    store.clock.advance(HOUR)
    columns = reader.read(question(0, first + HOUR, max_points=max_points))["system/cpu"]
    assert columns.timestamps[0] == first
    assert 1.0 not in columns.fields["utilization"]
    store.clock.advance(2)
    assert reader.read(question(0, first + HOUR, max_points=max_points)) == {}
    assert listed(reader) == {}


def test_samples_outside_the_window_are_counted_and_the_rest_of_the_batch_is_stored(
    store: Store,
) -> None:
    now = store.clock()
    too_old, too_far_ahead = cpu(now - HOUR - 1), cpu(now + HOUR + 1)
    in_the_far_future = cpu(2**63 - 1)
    with closing(store.new_writer()) as writer, closing(store.new_reader()) as reader:
        writer.open()
        reader.open()
        writer.write([too_old, cpu(now), too_far_ahead, in_the_far_future])
        writer.write([too_old])
        assert reader.read(question(0, 2**63 - 1))["system/cpu"].timestamps == [now]
        assert writer.dropped == 4


def test_hosts_and_their_channels_are_listed(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now, host="b"), disk(now, []), Sample("system/gpu/1", "b", now, {})])
    writer.write([cpu(now, host=f"other {number}") for number in range(20)])
    assert list(reader.hosts()) == sorted(["b", "h", *(f"other {each}" for each in range(20))])
    assert list(reader.channels("b")) == ["system/cpu", "system/gpu/1"]
    assert list(reader.channels("h")) == ["system/disk"]
    assert list(reader.channels("unknown")) == []


def test_a_channel_without_samples_is_not_in_the_answer(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now)])
    channels = ["system/cpu", "system/memory", "system/gpu/0", "system/status", "no channel"]
    assert list(reader.read(question(now, now + 1, *channels))) == ["system/cpu"]
    assert reader.read(question(now, now + 1, "no channel")) == {}
    assert reader.read(question(now, now + 1, host="unknown")) == {}
    assert reader.read(question(now, now)) == {}


def test_a_store_that_does_not_exist_yet_is_empty_and_ping_reports_it(
    store: Store, reader: HistoryReader
) -> None:
    now = store.clock()
    with pytest.raises(HistoryUnavailableError, match="yet: is the ingester running"):
        reader.ping()
    assert listed(reader) == {}
    assert reader.read(question(now - 1, now)) == {}
    with closing(store.new_writer()) as writer:
        writer.open()
        reader.ping()
        assert listed(reader) == {}
        assert reader.read(question(now - 1, now)) == {}


def test_what_was_written_survives_closing_and_opening_again(store: Store) -> None:
    now = store.clock()
    for number in range(3):
        with closing(store.new_writer()) as writer:
            writer.open()
            writer.write([cpu(now - number)])
    with closing(store.new_reader()) as reader:
        reader.open()
        answer = reader.read(question(now - 2, now + 1))
    assert answer["system/cpu"].timestamps == [now - 2, now - 1, now]


def test_eight_threads_read_while_one_writes(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    start = store.clock() - 100
    writer.write([cpu(start + number, float(number)) for number in range(50)])

    def read(max_points: int) -> list[float | None]:
        query = question(start, start + 50, max_points=max_points)
        return reader.read(query)["system/cpu"].fields["utilization"]

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(read, [50, 25] * 16)
        for number in range(50, 100):
            writer.write([cpu(start + number)])
    raw = [float(number) for number in range(50)]
    halves = [number + 0.5 for number in range(0, 50, 2)]
    assert list(answers) == [raw, halves] * 16


@pytest.mark.parametrize("bad", ["no channel", "host"])
def test_a_batch_with_a_rejected_sample_is_not_stored_at_all(
    store: Store, writer: HistoryWriter, reader: HistoryReader, bad: str
) -> None:
    now = store.clock()
    writer.write([cpu(now - 1, 1.0, host="before")])
    rejected = {
        "no channel": Sample("system/nonsense", "h", now, {}),
        "host": cpu(now, host="half a surrogate \ud800"),
    }[bad]
    with pytest.raises(HistoryRejectedError):
        writer.write([cpu(now), disk(now, ["new"], host="new"), rejected])
    assert listed(reader) == {"before": ["system/cpu"]}
    writer.write([disk(now, ["new"], host="new")])
    answer = reader.read(question(now, now + 1, "system/disk", host="new"))
    assert answer["system/disk"].fields["per_device.new.read_rate"] == [1.0]


def test_a_writer_knows_what_it_keeps_before_it_is_opened(store: Store) -> None:
    now, writer = store.clock(), store.new_writer()
    offsets = (-HOUR - 1, -HOUR, 0, HOUR, HOUR + 1)
    kept = [writer.keeps(cpu(now + offset)) for offset in offsets]
    assert kept == [False, True, True, True, False]


def test_an_empty_batch_is_accepted(writer: HistoryWriter, reader: HistoryReader) -> None:
    writer.write([])
    assert listed(reader) == {}


def test_close_can_be_called_twice_and_before_open(store: Store) -> None:
    for half in (store.new_writer(), store.new_reader()):
        half.close()
        half.open()
        half.close()
        half.close()


def test_writing_before_open_raises_an_error(store: Store) -> None:
    with pytest.raises(HistoryUnavailableError, match="not open"):
        store.new_writer().write([cpu(store.clock())])
