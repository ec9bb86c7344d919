"""The size of the SQLite file, and what happens when its limit or its disk is reached."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.catalogue import ANNOTATION
from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.port import EventQuery, Record
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.services.disks import Disk
from tests.telemetry.history.conftest import HOUR, MovableClock
from tests.telemetry.history.samples import cpu, question

LIMIT = 2_000_000
CORES = 1000  # a sample of about 10 kB
DAY = 86_400_000
MINUTE = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


@pytest.fixture
def writer(path: Path, clock: MovableClock) -> Iterator[SqliteWriter]:
    with closing(SqliteWriter(path, Spans(HOUR), clock, limit=LIMIT)) as writer:
        writer.open()
        yield writer


def tick(clock: MovableClock, host: str = "gpu-07") -> Sample:
    """Advance the clock, and return a large sample of that moment."""
    clock.advance(1000)
    return cpu(clock(), host=host, per_core=[1.5] * CORES)


def annotation(clock: MovableClock, number: int) -> Event:
    return Event("system/annotations", str(number), clock() + number, None, {"text": "é" * 1000})


def stored(path: Path, clock: MovableClock, host: str = "gpu-07") -> list[int]:
    with closing(SqliteReader(path, Spans(HOUR), clock)) as reader:
        query = question(0, clock() + 1, host=host, max_points=5000)
        columns = reader.read(query).get("system/cpu")
    if columns is None:
        return []
    assert columns.fields[f"per_core.{CORES - 1}"] == [1.5] * len(columns.timestamps)
    return columns.timestamps


def texts(path: Path, clock: MovableClock) -> int:
    with closing(SqliteReader(path, Spans(HOUR), clock)) as reader:
        query = EventQuery(ANNOTATION, 0, clock() + DAY, limit=5000)
        return len(reader.events(query))


def write_until_refused(writer: SqliteWriter, clock: MovableClock) -> str:
    """Return why no more samples are stored."""
    for _ in range(1000):
        try:
            writer.write([tick(clock) for _ in range(20)])
        except HistoryUnavailableError as error:
            return str(error)
    return "all were stored"


def size(path: Path) -> int:
    return path.stat().st_size


def test_a_file_at_its_limit_stops_growing_and_keeps_the_newest_samples(
    path: Path, writer: SqliteWriter, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    written = []
    for _ in range(600):
        sample = tick(clock)
        writer.write([sample])
        written.append(sample.timestamp)
        assert size(path) <= LIMIT
    kept = stored(path, clock)
    assert 100 < len(kept) < 300
    assert kept == written[-len(kept) :]
    assert writer.evicted == len(written) - len(kept)
    assert "has reached its limit of 2 MB (history_megabytes): the oldest" in caplog.text


def test_a_flood_does_not_outlive_the_quiet_hosts_of_its_time(
    path: Path, writer: SqliteWriter, clock: MovableClock
) -> None:
    quiet = []
    for number in range(400):
        batch = [tick(clock, "flood")]
        if number % 20 == 0:
            batch.append(tick(clock))
            quiet.append(batch[-1].timestamp)
        writer.write(batch)
    oldest = stored(path, clock, "flood")[0]
    assert [each for each in stored(path, clock) if each >= oldest] == [
        each for each in quiet if each >= oldest
    ]


def test_samples_are_evicted_before_events(
    path: Path, writer: SqliteWriter, clock: MovableClock
) -> None:
    writer.write([annotation(clock, number) for number in range(100)])
    for _ in range(400):
        writer.write([tick(clock)])
    assert texts(path, clock) == 100


def test_minutes_count_towards_the_limit_and_the_oldest_are_evicted_first(
    path: Path, clock: MovableClock
) -> None:
    spans = Spans(HOUR, 7 * DAY, 7 * DAY)
    with closing(SqliteWriter(path, spans, clock, limit=700_000)) as writer:
        writer.open()
        for _ in range(120):
            clock.advance(MINUTE)
            writer.write([cpu(clock(), per_core=[1.5] * 200)])
            while writer.roll_up():
                pass
            assert size(path) <= 700_000
        assert writer.evicted > 0
    with closing(sqlite3.connect(path)) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table} WHERE block = 0").fetchone()[0]  # noqa: S608
            for table in ("sample", "minute")
        ]
    assert 60 <= counts[0] <= 61
    assert 61 < counts[1] < 110


def test_events_take_half_of_the_limit_at_most(
    path: Path, writer: SqliteWriter, clock: MovableClock
) -> None:
    sample = tick(clock)
    writer.write([sample])
    for start in range(0, 2000, 100):
        writer.write([annotation(clock, start + number) for number in range(100)])
        assert size(path) <= LIMIT
    assert stored(path, clock) == [sample.timestamp]
    assert writer.evicted == 2000 - texts(path, clock)


def test_a_batch_that_cannot_fit_is_rejected_so_that_its_parts_are_tried(
    path: Path, writer: SqliteWriter, clock: MovableClock
) -> None:
    batch: list[Record] = [tick(clock) for _ in range(400)]
    with pytest.raises(HistoryRejectedError, match="does not fit into the history file"):
        writer.write(batch)
    writer.write(batch[:50])
    assert len(stored(path, clock)) == 50


def test_a_file_above_a_lowered_limit_becomes_smaller(path: Path, clock: MovableClock) -> None:
    with closing(SqliteWriter(path, Spans(HOUR), clock)) as earlier:
        earlier.open()
        earlier.write([tick(clock) for _ in range(400)])
    assert size(path) > 2 * LIMIT
    with closing(SqliteWriter(path, Spans(HOUR), clock, limit=LIMIT)) as writer:
        writer.open()
        writer.write([tick(clock)])
        assert size(path) <= LIMIT
        assert len(stored(path, clock)) == 401 - writer.evicted


def test_an_open_read_of_another_program_does_not_grow_the_journal_without_end(
    path: Path, writer: SqliteWriter, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.room._LARGEST_JOURNAL", 6_000_000)
    monkeypatch.setattr("telemetry.history.sqlite.schema._BUSY_MILLISECONDS", 10)
    journal = path.with_name(f"{path.name}-wal")
    writer.close()
    writer.open()
    writer.write([tick(clock)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM sample").fetchone()
        assert "has been reading the file" in write_until_refused(writer, clock)
        assert size(journal) < 8_000_000
        other.execute("COMMIT")
    writer.write([tick(clock, "after")])
    assert size(journal) < 5_000_000
    assert stored(path, clock, "after") == [clock()]


def test_a_history_that_filled_its_disk_goes_on_once_samples_expire(
    disk: Disk, clock: MovableClock
) -> None:
    path = disk.path / "data" / "history.sqlite3"
    with closing(SqliteWriter(path, Spans(HOUR), clock)) as writer:
        writer.open()
        writer.write([tick(clock) for _ in range(20)])
        assert "the disk is full" in write_until_refused(writer, clock)
        before = stored(path, clock)
        assert before[0] == clock.now - 1000 * (len(before) + 19)  # nothing was evicted
        disk.fill()  # other programs take what we left
        with pytest.raises(HistoryUnavailableError, match="free some space, or lower history_m"):
            writer.write([tick(clock) for _ in range(20)])
        clock.advance(HOUR)
        for _ in range(10):
            writer.write([tick(clock) for _ in range(20)])
        assert len(stored(path, clock)) == 200
        assert writer.evicted == 0
