"""What the one-minute points cost: ``python -m tests.benchmarks.minutes [--gpus 8] [--cores 128]``.

For each store: the CPU time that a tick of 2 s costs the ingester, without and with minutes, in
alternation; and the size of a day of minutes. The numbers are random, which compress least.
"""

import argparse
import json
import os
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbWriter
from telemetry.history.port import HistoryWriter
from telemetry.history.sqlite import SqliteWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.benchmarks.history import DAY, HOUR, INTERVAL, MINUTE, SPANS, Machine
from tests.services.influxdb import Influxdb, running_influxdb
from tests.services.processes import wait_until

WITHOUT = Spans(HOUR, 7 * DAY, 0)
# Otherwise InfluxDB compresses what it has received only after ten minutes.
_COMPRESS_SOON = {"INFLUXD_STORAGE_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "1s"}
_SECONDS = 60.0


def cpu_of_ticks(machine: Machine, writers: Sequence[HistoryWriter]) -> list[float]:
    """Return the CPU time of a tick for each of ``writers``, in ms, over an hour."""
    begin = (unix_milliseconds() - HOUR) // MINUTE * MINUTE + MINUTE
    spent = [0.0] * len(writers)
    ticks = range(0, MINUTE, INTERVAL)
    for minute in range(begin, begin + HOUR - 2 * MINUTE, MINUTE):
        batches = [machine.tick(minute + offset) for offset in ticks]
        for number, writer in enumerate(writers):
            spent[number] += _cpu_seconds(writer, batches)
    count = len(ticks) * (HOUR // MINUTE - 2)
    return [1000 * each / count for each in spent]


def _cpu_seconds(writer: HistoryWriter, batches: Sequence[Sequence[Sample]]) -> float:
    began = time.process_time()
    for batch in batches:
        writer.write(batch)
    while writer.roll_up():
        pass
    return time.process_time() - began


def size_in_sqlite(file: Path) -> int:
    """Return the bytes of the minutes in ``file``, whose samples are deleted."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM sample")
        connection.commit()
        names = ("page_count", "freelist_count", "page_size")
        pages, unused, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names
        )
        return (pages - unused) * size


def size_in_influxdb(server: Influxdb, folder: Path, bucket: str) -> int:
    """Return the bytes of ``bucket``, once InfluxDB has compressed it."""
    request = urllib.request.Request(  # noqa: S310 - http
        f"{server.url}/api/v2/buckets?name={bucket}",
        headers={"Authorization": f"Token {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http
        identity = json.load(answer)["buckets"][0]["id"]

    def waiting() -> int:
        return _bytes_in(folder / "engine" / "wal" / identity)

    wait_until(lambda: not waiting(), "InfluxDB has compressed the minutes", _SECONDS)
    return _bytes_in(folder / "engine" / "data" / identity)


def _bytes_in(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*.*") if each.is_file())


def _report(store: str, machine: Machine, writers: Sequence[HistoryWriter]) -> None:
    with ExitStack() as stack:
        for writer in writers:
            writer.open()
            stack.enter_context(closing(writer))
        without, with_minutes = cpu_of_ticks(machine, writers)
    print(f"{store}: CPU time of a tick {without:.2f} ms, with minutes {with_minutes:.2f} ms")


def _print_day(size: int) -> None:
    """Print the size of a day, of which there are 58 minutes."""
    print(f"  a day of minutes: {size * DAY / (HOUR - 2 * MINUTE) / 1e6:.1f} MB")


def main() -> None:
    """Measure each store that is available here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--cores", type=int, default=128)
    options = parser.parse_args()
    machine = Machine(options.gpus, options.cores)
    print(f"{len(machine.tick(0))} channels, {machine.columns} columns")
    os.environ.update(_COMPRESS_SOON)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = [folder / "without.sqlite3", folder / "history.sqlite3"]
        spans = (WITHOUT, SPANS)
        _report("SQLite", machine, [SqliteWriter(*each) for each in zip(files, spans, strict=True)])
        _print_day(size_in_sqlite(files[1]))
        try:
            server = stack.enter_context(running_influxdb(folder))
        except pytest.skip.Exception as reason:
            print(f"InfluxDB: {reason}")
            return
        account, buckets = (server.url, server.token, server.org), ("without", "with")
        both = [InfluxdbWriter(*account, *each) for each in zip(buckets, spans, strict=True)]
        _report("InfluxDB", machine, both)
        _print_day(size_in_influxdb(server, folder, "with-long"))


if __name__ == "__main__":
    main()
