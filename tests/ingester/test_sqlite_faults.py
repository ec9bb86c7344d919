"""A disk that is full or read-only, and a file that another program holds: samples wait."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.port import Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from tests.services.disks import Disk
from tests.services.embedded import Listener
from tests.services.processes import wait_until

HOUR = 3_600_000
SECONDS = 20.0
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the ingester's pauses."""
    monkeypatch.setattr("ingester.storage._FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("ingester.batcher._BATCH_SECONDS", 0.05)
    monkeypatch.setattr("telemetry.history.sqlite.schema._BUSY_MILLISECONDS", 50)


TOO_OLD = {"host": "me", "timestamp": 1, "utilization": 1, "per_core": []}


def counter(ingester: Ingester, name: str) -> object:
    (value,) = (each.value for each in ingester.report().counts if each.name == name)
    return value


class Pipeline:
    """A publisher, an ingester, and the file that it writes."""

    def __init__(self, client: Listener, file: Path, ingester: Ingester) -> None:
        self.client, self.file, self.ingester = client, file, ingester
        self.first = unix_milliseconds() - HOUR // 2
        self.published: list[int] = []

    def publish(self, count: int) -> None:
        for _ in range(count):
            timestamp = self.first + len(self.published)
            payload = {**TOO_OLD, "timestamp": timestamp, "per_core": [1.5] * 200}
            self.client.publish("system/cpu", json.dumps(payload))
            self.published.append(timestamp)

    def wait_for_problem(self, sentence: str) -> None:
        """Wait until it is reported, with every sample that is not stored waiting."""
        wait_until(lambda: sentence in str(self.ingester.problem), sentence, SECONDS)
        wait_until(
            lambda: self.ingester.written + self.ingester.waiting == len(self.published),
            "all are there",
            SECONDS,
        )

    def wait_stored(self) -> None:
        """Wait until every sample is stored, and nothing else."""
        wait_until(lambda: stored(self.file) == self.published, "all are stored", SECONDS)
        wait_until(lambda: self.ingester.problem is None, "all is well", SECONDS)
        assert self.ingester.rejected == {}


def stored(file: Path) -> list[int]:
    now = unix_milliseconds()
    with closing(SqliteReader(file, Spans(HOUR))) as reader:
        reader.open()
        try:
            columns = reader.read(Query("me", ("system/cpu",), now - HOUR, now, 100_000))
        except HistoryUnavailableError:
            return []
    return columns["system/cpu"].timestamps if columns else []


@contextmanager
def pipeline(file: Path, address: BrokerAddress, limit: int = 100_000_000) -> Iterator[Pipeline]:
    writer = SqliteWriter(file, Spans(HOUR), limit=limit)
    ingester = Ingester(writer, address, TopicScheme(), name="one")
    with Listener(address.port) as client:
        ingester.start()
        try:
            assert ingester.wait_subscribed(SECONDS)
            yield Pipeline(client, file, ingester)
        finally:
            ingester.stop()


def test_on_a_full_disk_samples_wait_and_go_in_once_there_is_room(
    address: BrokerAddress, disk: Disk
) -> None:
    with pipeline(disk.path / "history.sqlite3", address) as way:
        way.publish(20)
        way.wait_stored()
        disk.fill()
        way.publish(100)
        way.wait_for_problem("the disk is full")
        disk.free()
        way.wait_stored()


def test_a_disk_that_is_full_from_the_start_is_handled_in_the_same_way(
    address: BrokerAddress, disk: Disk
) -> None:
    disk.fill()
    with pipeline(disk.path / "data" / "history.sqlite3", address) as way:
        way.publish(20)
        way.wait_for_problem("the disk is full")
        disk.free()
        way.wait_stored()


def test_on_a_disk_that_is_read_only_at_first_samples_wait(
    address: BrokerAddress, disk: Disk
) -> None:
    disk.make_read_only()
    with pipeline(disk.path / "history.sqlite3", address) as way:
        way.publish(20)
        way.wait_for_problem("read-only")
        disk.make_writable()
        way.wait_stored()


def test_a_file_that_is_read_only_at_first_is_written_once_it_may_be(
    address: BrokerAddress, disk: Disk
) -> None:
    file = disk.path / "history.sqlite3"
    with pipeline(file, address) as way:
        way.publish(20)
        way.wait_stored()
    disk.make_read_only()
    with pipeline(file, address) as again:
        again.first, again.published = way.first, way.published
        again.publish(20)
        wait_until(lambda: "read-only" in str(again.ingester.problem), "it is reported", SECONDS)
        disk.make_writable()
        again.wait_stored()


def test_while_another_process_holds_the_file_samples_wait(
    address: BrokerAddress, tmp_path: Path
) -> None:
    with pipeline(tmp_path / "history.sqlite3", address) as way:
        way.publish(20)
        way.wait_stored()
        command = [sys.executable, "-c", LOCK, str(way.file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            way.publish(100)
            way.wait_for_problem("is locked by another program")
            assert stored(way.file) == way.published[:20]  # reading goes on
            other.kill()
        way.wait_stored()


def test_samples_are_counted_once_however_often_they_are_tried(
    address: BrokerAddress, tmp_path: Path
) -> None:
    with pipeline(tmp_path / "history.sqlite3", address) as way:
        way.publish(5)
        way.wait_stored()
        with closing(sqlite3.connect(way.file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            way.client.publish("system/cpu", json.dumps(TOO_OLD))
            way.publish(5)
            wait_until(lambda: counter(way.ingester, "store_failures") == 3, "attempts", SECONDS)
        way.wait_stored()
        wait_until(lambda: way.ingester.waiting == 0, "all are acknowledged", SECONDS)
        assert counter(way.ingester, "samples_outside_window") == 1
        assert counter(way.ingester, "samples_stored") == 10


def test_samples_that_a_full_history_loses_are_the_oldest_and_are_counted(
    address: BrokerAddress, tmp_path: Path
) -> None:
    with pipeline(tmp_path / "history.sqlite3", address, limit=500_000) as way:
        way.publish(500)
        wait_until(lambda: way.ingester.written == 500, "all are stored", SECONDS)
        kept = stored(way.file)
        assert 50 < len(kept) < 400
        assert kept == way.published[-len(kept) :]
        assert counter(way.ingester, "records_evicted") == 500 - len(kept)
        assert way.ingester.problem is None
        assert way.file.stat().st_size <= 500_000


def test_a_file_that_becomes_corrupt_costs_its_contents_and_no_more(
    address: BrokerAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.writer._PRUNE_EVERY", 0)
    with pipeline(tmp_path / "history.sqlite3", address) as way:
        way.publish(20)
        way.wait_stored()
        # Move the journal's contents into the file.
        with closing(sqlite3.connect(way.file)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        way.file.write_bytes(b"not a database" * 1000)
        del way.published[:]
        way.first += 1000
        way.publish(50)
        way.wait_stored()
    assert len(list(tmp_path.glob("history.sqlite3.corrupt-*Z"))) == 1
