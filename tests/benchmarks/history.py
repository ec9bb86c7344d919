"""The time that each history adapter takes to write a tick and to read a full hour.

``python -m tests.benchmarks.history [--gpus 2] [--cores 8]`` prints a table. One host, a sample of
every number in the catalogue every 2 s, without text and MIG instances.
"""

import argparse
import http.client
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from telemetry.catalogue import CPU, DISK, GPU, MEMORY, NETWORK, Field
from telemetry.clock import unix_milliseconds
from telemetry.history.columns import columns_of
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import Aggregate, HistoryReader, HistoryWriter, Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.benchmarks.figures import Figure
from tests.deploy.monitor import running
from tests.services.influxdb import Influxdb, running_influxdb
from tests.services.processes import free_port

MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR
INTERVAL = 2000
SPANS = Spans(HOUR, 7 * DAY, 7 * DAY)
REPEATS = 10
_Store = tuple[str, HistoryWriter, Sequence[str], Mapping[str, str]]
_AIMS = {"SQLite": (35, 20), "InfluxDB": (100, 60)}  # milliseconds: all fields, two fields
_TWO = "&fields=utilization,memory_used"


class Machine:
    """A host with ``gpus`` GPUs and ``cores`` cores that reports everything in the catalogue."""

    def __init__(self, gpus: int, cores: int) -> None:
        """Describe the machine."""
        self._cores = cores
        alone = (CPU, MEMORY, DISK, NETWORK)
        self._channels = {GPU.channel.format(id=each): GPU for each in range(gpus)}
        self._channels |= {family.channel: family for family in alone}

    @property
    def columns(self) -> int:
        """How many numbers a tick has."""
        found = (columns_of(self._channels[each.channel], each.values) for each in self.tick(0))
        return sum(map(len, found))

    def tick(self, timestamp: int) -> list[Sample]:
        """Return one sample of each channel, with random numbers."""
        return [
            Sample(
                channel, "h", timestamp, {each.name: self._value(each) for each in family.fields}
            )
            for channel, family in self._channels.items()
        ]

    def _value(self, field: Field) -> object:
        if field.name == "per_core":
            return [_number() for _ in range(self._cores)]
        return _like(field.example)


def _like(example: object) -> object:
    """Return ``example`` with other numbers."""
    match example:
        case bool() | str() | None:
            return example
        case int() | float():
            return _number()
        case list():
            return [_like(each) for each in example]
        case dict():
            return {key: _like(each) for key, each in example.items()}
        case _:
            raise TypeError(type(example))


def _number() -> float:
    return random.uniform(0, 1e6)  # noqa: S311 - test data, not secrets


def milliseconds(action: Callable[[], object]) -> float:
    """Return the wall-clock time of ``action``."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def measure(
    machine: Machine, writer: HistoryWriter, reader: HistoryReader
) -> Iterator[tuple[str, float, float]]:
    """Yield (what, median ms, 95th percentile ms)."""
    now = unix_milliseconds()
    ticks = [machine.tick(now - age) for age in range(HOUR - INTERVAL, 0, -INTERVAL)]
    writer.open()
    reader.open()
    yield "write a tick", *_summary([milliseconds(partial(writer.write, one)) for one in ticks])

    channels = tuple(sample.channel for sample in ticks[0])
    for title, points, aggregate, fields in (
        ("read an hour, 360 points", 360, Aggregate.MEAN, ()),
        ("the same, two fields", 360, Aggregate.MEAN, ("utilization", "memory_used")),
        ("the same, last values", 360, Aggregate.LAST, ()),
        ("read an hour, every sample", 10_000, Aggregate.MEAN, ()),
    ):
        query = Query("h", channels, now - HOUR, now, points, aggregate, fields)
        times = [milliseconds(partial(reader.read, query)) for _ in range(REPEATS)]
        yield title, *_summary(times)
    yield from measure_minutes(machine, writer, reader, channels)
    listing = partial(reader.channels, "h")
    yield "list the channels", *_summary([milliseconds(listing) for _ in range(REPEATS)])


def figures(rounds: int) -> Iterator[Figure]:
    """Yield how long an hour of two GPUs and eight cores takes over HTTP, from each store."""
    machine = Machine(2, 8)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        stores: list[_Store] = [
            ("SQLite", SqliteWriter(folder / "history.sqlite3", SPANS), ["--data-dir", name], {})
        ]
        try:
            server = stack.enter_context(running_influxdb(folder))
        except pytest.skip.Exception as reason:
            print(f"InfluxDB: {reason}", file=sys.stderr)
        else:
            bucket = server.new_bucket()
            influxdb = InfluxdbWriter(server.url, server.token, server.org, bucket, SPANS)
            account = ["--influxdb-url", server.url, "--influxdb-org", server.org]
            account += ["--influxdb-bucket", bucket]
            token = {"SYSTEM_MONITOR_INFLUXDB_TOKEN": server.token}
            stores.append(("InfluxDB", influxdb, account, token))
        for store, writer, options, secret in stores:
            with closing(writer):
                writer.open()
                now = unix_milliseconds()
                for age in range(HOUR - INTERVAL, 0, -INTERVAL):
                    writer.write(machine.tick(now - age))
            for what, fields, aim in zip(
                ("all fields", "two fields"), ("", _TWO), _AIMS[store], strict=True
            ):
                milliseconds = _over_http(folder, options, secret, fields, rounds * REPEATS)
                hour = f"an hour of {machine.columns} columns"
                title = f"`/api/v1/system/history`, {hour} from {store}: response time, {what}"
                yield Figure(title, milliseconds, "ms", f"≤ {aim} ms")


def _over_http(
    folder: Path, options: Sequence[str], secret: Mapping[str, str], fields: str, requests: int
) -> float:
    """Return the median time of a response on one connection, in milliseconds."""
    port, times = free_port(), []
    own = ["--mqtt-url", f"mqtt://127.0.0.1:{free_port()}", "--http-port", str(port)]
    with running(folder, "api", *own, *options, variables=secret):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(requests + 1):
            started = time.perf_counter()
            connection.request("GET", f"/api/v1/system/history?host=h&max_points=360{fields}")
            response = connection.getresponse()
            body = response.read()
            times.append((time.perf_counter() - started) * 1000)
            assert response.status == HTTPStatus.OK, body
        connection.close()
    return statistics.median(times[1:])  # the first opens the store


def measure_minutes(
    machine: Machine, writer: HistoryWriter, reader: HistoryReader, channels: tuple[str, ...]
) -> Iterator[tuple[str, float, float]]:
    """Yield (what, median ms, 95th percentile ms) of making minutes and of reading them."""

    def all_minutes() -> None:
        while writer.roll_up():
            pass

    yield "make an hour of minutes", (once := milliseconds(all_minutes)), once
    now, times = unix_milliseconds(), []
    for age in range(20):
        writer.write(machine.tick(now - MINUTE * (2 + age)))
        times.append(milliseconds(writer.roll_up))
    yield "make a minute again", *_summary(times)
    for title, days in (("read an hour and a day", 1), ("read an hour and a week", 7)):
        query = Query("h", channels, now - HOUR - days * DAY, now)
        times = [milliseconds(partial(reader.read, query)) for _ in range(REPEATS)]
        yield title, *_summary(times)


def _summary(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def _sqlite(folder: Path) -> tuple[HistoryWriter, HistoryReader]:
    path = folder / "history.sqlite"
    return SqliteWriter(path, SPANS), SqliteReader(path, SPANS)


def _influxdb(server: Influxdb) -> tuple[HistoryWriter, HistoryReader]:
    account = (server.url, server.token, server.org, server.new_bucket())
    return InfluxdbWriter(*account, SPANS), InfluxdbReader(*account, SPANS)


def _report(title: str, machine: Machine, writer: HistoryWriter, reader: HistoryReader) -> None:
    print(f"\n{title:<30}{'median ms':>12}{'p95 ms':>12}")
    with closing(writer), closing(reader):
        for what, middle, high in measure(machine, writer, reader):
            print(f"{what:<30}{middle:>12.2f}{high:>12.2f}")


def main() -> None:
    """Measure each adapter that is available here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=2)
    parser.add_argument("--cores", type=int, default=8)
    options = parser.parse_args()
    machine = Machine(options.gpus, options.cores)
    channels = len(machine.tick(0))
    print(f"{channels} channels, {machine.columns} columns, a sample every {INTERVAL} ms")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        _report("SQLite", machine, *_sqlite(Path(folder)))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        print(f"{'files on disk':<30}{size / 1e6:>9.1f} MB")
        try:
            server = stack.enter_context(running_influxdb(Path(folder)))
        except pytest.skip.Exception as reason:
            print(f"\nInfluxDB: {reason}")
        else:
            _report("InfluxDB", machine, *_influxdb(server))


if __name__ == "__main__":
    main()
