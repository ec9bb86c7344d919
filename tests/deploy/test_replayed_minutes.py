"""A recording of three hours, replayed at speed, in both stores."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from deploy import command
from deploy.embedded_broker import EmbeddedBroker
from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import Aggregate, Columns, HistoryReader, HistoryWriter, Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.recording.lines import line_of
from telemetry.samples import Sample
from tests.services.influxdb import Influxdb
from tests.services.processes import wait_until
from tests.telemetry.history.minutes import FUNCTIONS

HOUR = 3_600_000
WEEK = 7 * 24 * HOUR
LENGTH = 3 * HOUR
INTERVAL = 10_000
BEGIN = 1_767_225_600_000
WRITTEN = Spans(4 * HOUR, WEEK, WEEK)
READ = Spans(HOUR, WEEK, WEEK)  # what is older is read from the minutes
GB = 10**9

pytestmark = pytest.mark.usefixtures("own_settings")


def machine(time: int) -> Iterator[Sample]:
    """Return the samples of a machine at ``time``, in which some values are missing."""
    wave = math.sin(time / 500_000)
    cpu: dict[str, object] = {
        "utilization": 50 + 40 * wave,
        "per_core": [None if time % 70_000 else 12.5, 99.0],
    }
    ram: dict[str, object] = {
        "ram_used": 60 * GB + time * 1000,
        "ram_total": 256 * GB,
        "swap_used": None,
        "swap_total": 0,
    }
    gpu: dict[str, object] = {
        "utilization": 1000.0 * (time % HOUR == 0),
        "memory_used": time,
        "temperature": 60.5,
    }
    gpu |= {"memory_total": 80 * GB, "power": None}
    for channel, values in (("system/cpu", cpu), ("system/memory", ram), ("system/gpu/0", gpu)):
        yield Sample(channel, "gpu-07", BEGIN + time, values)


RECORDING = [each for time in range(0, LENGTH, INTERVAL) for each in machine(time)]


class Stores:
    """A store of each kind, and an ingester that fills it."""

    def __init__(self, folder: Path, server: Influxdb, port: int) -> None:
        account = (server.url, server.token, server.org, server.new_bucket())
        file = folder / "history.sqlite3"
        self.writers: list[HistoryWriter] = [SqliteWriter(file, WRITTEN)]
        self.writers.append(InfluxdbWriter(*account, WRITTEN))
        self.readers: list[HistoryReader] = [SqliteReader(file, READ)]
        self.readers.append(InfluxdbReader(*account, READ))
        address = BrokerAddress("127.0.0.1", port)
        self.ingesters = [
            Ingester(writer, address, TopicScheme(), name=f"store-{number}")
            for number, writer in enumerate(self.writers)
        ]


@pytest.fixture
def stores(influxdb: Influxdb, broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Stores]:
    with ExitStack() as stack:
        stores = Stores(tmp_path, influxdb, broker.port)
        for ingester in stores.ingesters:
            ingester.start()
            stack.callback(ingester.stop)
            assert ingester.wait_subscribed(10)
        for reader in stores.readers:
            reader.open()
            stack.enter_context(closing(reader))
        yield stores


def is_stored(ingester: Ingester) -> bool:
    return ingester.written >= len(RECORDING)


def expected(aggregate: Aggregate, offset: int) -> dict[str, dict[str, dict[int, float]]]:
    """Return the minutes that plain Python makes of the recording, by channel and column."""
    values: dict[tuple[str, str, int], list[float]] = {}
    for sample in RECORDING:
        minute = (sample.timestamp + offset) // 60_000 * 60_000
        for name, value in sample.values.items():
            several = value if isinstance(value, list) else None
            columns = {f"{name}.{i}": v for i, v in enumerate(several or ())} or {name: value}
            for column, each in columns.items():
                if isinstance(each, float | int):
                    values.setdefault((sample.channel, column, minute), []).append(float(each))
    found: dict[str, dict[str, dict[int, float]]] = {}
    for (channel, column, minute), each in values.items():
        found.setdefault(channel, {}).setdefault(column, {})[minute] = FUNCTIONS[aggregate](each)
    return found


def minutes(answer: Columns, column: str) -> dict[int, float]:
    pairs = zip(answer.timestamps, answer.fields[column], strict=True)
    return {time: value for time, value in pairs if value is not None}


def test_a_recording_of_three_hours_gives_the_same_minutes_in_both_stores(
    stores: Stores, broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.live_hosts._SECONDS", 0.1)
    file = tmp_path / "night.txt"
    file.write_bytes(b"".join(line_of(each.channel, each.payload()) for each in RECORDING))
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}", "--speed", "100000"]
    assert command.run(["replay", str(file), *options]) == 0
    for ingester in stores.ingesters:
        wait_until(partial(is_stored, ingester), "everything is stored")
    for writer in stores.writers:
        while writer.roll_up():
            pass
    now = unix_milliseconds()
    everything = ("system/cpu", "system/gpu/0", "system/memory")
    start, end = now - 4 * HOUR, (now - HOUR) // 60_000 * 60_000 - 60_000
    newest = stores.readers[0].read(Query("gpu-07", everything, now - HOUR, now, 5000))
    offset = newest["system/cpu"].timestamps[-1] - RECORDING[-1].timestamp
    for aggregate in (Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX):
        query = Query("gpu-07", everything, start, end, 5000, aggregate)
        answers = [reader.read(query) for reader in stores.readers]
        for channel, columns in expected(aggregate, offset).items():
            for column, values in columns.items():
                wanted = {time: value for time, value in values.items() if time < end}
                assert len(wanted) > 100
                for answer in answers:
                    found = minutes(answer[channel], column)
                    assert found == pytest.approx(wanted, rel=1e-9), (channel, column)
