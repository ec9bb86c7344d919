"""How long the history takes to write a tick and to answer for a full hour, for each adapter.

``python -m tests.benchmarks.history`` prints a table. One host with two GPUs and eight cores:
six channels, a sample every 2 s.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from telemetry.channels import columns_of, family_of
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import Aggregate, HistoryReader, HistoryWriter, Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.samples import Sample
from tests.services.influxdb import Influxdb, running_influxdb

HOUR = 3_600_000
INTERVAL = 2000
REPEATS = 10


def tick(timestamp: int) -> list[Sample]:
    """Return one sample of each channel, with random values."""

    def numbers(*names: str) -> dict[str, object]:
        return {name: random.uniform(0, 1e6) for name in names}  # noqa: S311 - load, no secrets

    def values(count: int) -> list[float]:
        return [random.uniform(0, 100) for _ in range(count)]  # noqa: S311

    gpu = ("utilization", "memory_used", "memory_total", "temperature", "power")
    clocks = ("memory_utilization", "power_limit", "sm_clock", "memory_clock")
    memory = ("ram_used", "ram_total", "swap_used", "swap_total", "available")
    disk, network = ("read_rate", "write_rate"), ("upload_rate", "download_rate")
    payloads = {
        "system/gpu/0": numbers(*gpu, *clocks),
        "system/gpu/1": numbers(*gpu, *clocks),
        "system/cpu": numbers("utilization", "frequency", "frequency_max", "pressure_some")
        | {"per_core": values(8), "load_average": values(3)},
        "system/memory": numbers(*memory, "pressure_some", "pressure_full"),
        "system/disk": numbers(*disk)
        | {"per_device": {name: numbers(*disk) for name in ("nvme0n1", "sda")}},
        "system/network": numbers(*network)
        | {"per_interface": {name: numbers(*network) for name in ("eth0", "wlan0")}},
    }
    return [Sample(channel, "h", timestamp, values) for channel, values in payloads.items()]


def milliseconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes, wall clock."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def measure(writer: HistoryWriter, reader: HistoryReader) -> Iterator[tuple[str, float, float]]:
    """Yield (what, median ms, 95th percentile ms)."""
    now = time.time_ns() // 1_000_000
    ticks = [tick(now - age) for age in range(HOUR - INTERVAL, 0, -INTERVAL)]
    writer.open()
    reader.open()
    yield "write a tick", *_summary([milliseconds(partial(writer.write, one)) for one in ticks])

    channels = tuple(sample.channel for sample in ticks[0])
    for title, points, aggregate in (
        ("read an hour, 360 points", 360, Aggregate.MEAN),
        ("the same, last values", 360, Aggregate.LAST),
        ("read an hour, every sample", 10_000, Aggregate.MEAN),
    ):
        query = Query("h", channels, now - HOUR, now, points, aggregate)
        times = [milliseconds(partial(reader.read, query)) for _ in range(REPEATS)]
        yield title, *_summary(times)
    yield "list the channels", *_summary([milliseconds(reader.channels) for _ in range(REPEATS)])


def _summary(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def _sqlite(folder: Path) -> tuple[HistoryWriter, HistoryReader]:
    path = folder / "history.sqlite"
    return SqliteWriter(path, HOUR), SqliteReader(path, HOUR)


def _influxdb(server: Influxdb) -> tuple[HistoryWriter, HistoryReader]:
    account = (server.url, server.token, server.org, server.new_bucket())
    return InfluxdbWriter(*account, HOUR), InfluxdbReader(*account, HOUR)


def _report(title: str, writer: HistoryWriter, reader: HistoryReader) -> None:
    print(f"\n{title:<30}{'median ms':>12}{'p95 ms':>12}")
    with closing(writer), closing(reader):
        for what, middle, high in measure(writer, reader):
            print(f"{what:<30}{middle:>12.2f}{high:>12.2f}")


def main() -> None:
    """Measure each adapter that can be had here."""
    columns = sum(
        len(columns_of(family, sample.values))
        for sample in tick(0)
        if (family := family_of(sample.channel)) is not None
    )
    print(f"{len(tick(0))} channels, {columns} columns, a sample every {INTERVAL} ms")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        _report("SQLite", *_sqlite(Path(folder)))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        print(f"{'files on disk':<30}{size / 1e6:>9.1f} MB")
        try:
            server = stack.enter_context(running_influxdb(Path(folder)))
        except pytest.skip.Exception as reason:
            print(f"\nInfluxDB: {reason}")
        else:
            _report("InfluxDB", *_influxdb(server))


if __name__ == "__main__":
    main()
