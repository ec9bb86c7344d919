"""A corrupt file is set aside, never deleted, and a new one is used."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import HistoryUnavailableError
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.sqlite.damage import read_some, rename_damaged, renamed_files
from telemetry.history.sqlite.file import WritableFile
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.telemetry.history.conftest import MovableClock, SqliteStore
from tests.telemetry.history.samples import cpu, question

MINUTE = 60_000


def overwrite_all(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def overwrite_the_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff" * 512)


def overwrite_the_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * 8192)


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def leave_a_few_bytes(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(10)


DAMAGES = [
    overwrite_all,
    overwrite_the_header,
    overwrite_the_middle,
    cut_in_half,
    leave_a_few_bytes,
]
damages = pytest.mark.parametrize("damage", DAMAGES, ids=[each.__name__ for each in DAMAGES])
Damage = Callable[[Path], None]


def many(clock: MovableClock) -> list[Sample]:
    return [cpu(clock() - number, per_core=[1.0] * 40) for number in range(500)]


def checkpoint(path: Path) -> None:
    """Move the contents of the journal into the file."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def times(reader: SqliteReader, clock: MovableClock) -> list[int]:
    columns = reader.read(question(0, clock() + 1, max_points=5000)).get("system/cpu")
    return [] if columns is None else columns.timestamps


@damages
def test_a_file_that_is_corrupt_at_the_start_is_kept_and_a_new_one_created(
    sqlite_store: SqliteStore,
    clock: MovableClock,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = sqlite_store.path
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write(many(clock))
    damage(path)
    left = path.read_bytes()
    with closing(sqlite_store.new_reader()) as reader, closing(sqlite_store.new_writer()) as writer:
        with pytest.raises(HistoryUnavailableError, match="is corrupt"):
            reader.read(question(0, clock() + 1))
        writer.open()
        writer.write([cpu(clock())])
        assert times(reader, clock) == [clock()]
        reader.ping()
        (kept,) = renamed_files(path)
        assert kept.read_bytes() == left
        assert str(kept) in reader.notes()[0]
    (record,) = caplog.records
    assert f"it was renamed to {kept.name}" in record.getMessage()


@damages
def test_a_file_that_becomes_corrupt_is_replaced_within_a_minute(
    sqlite_store: SqliteStore, clock: MovableClock, damage: Damage
) -> None:
    path = sqlite_store.path
    with closing(sqlite_store.new_reader()) as reader, closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write(many(clock))
        assert len(times(reader, clock)) == 500
        checkpoint(path)
        damage(path)
        clock.advance(MINUTE)
        after = cpu(clock())
        with pytest.raises(HistoryUnavailableError, match="is corrupt"):
            writer.write([after])
        writer.write([after])
        writer.write([cpu(clock() + 1)])
        clock.advance(1)
        assert times(reader, clock) == [clock() - 1, clock()]
        assert len(renamed_files(path)) == 1


def test_a_large_file_is_checked_in_parts_and_damage_is_found_within_one_round(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.damage._ROWS", 100)
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        for host in ("alpha", "beta", "gamma"):
            writer.write([replace(each, host=host) for each in many(clock)])
    with closing(WritableFile(sqlite_store.path)) as file:
        with file.using():
            overwrite_the_middle(sqlite_store.path)  # which belongs to beta
        file.check()
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            file.check()


def test_each_part_of_the_check_goes_on_where_the_previous_one_ended(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.damage._ROWS", 1)
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock() - age, host=host) for host in "abc" for age in range(2)])
    with closing(sqlite3.connect(sqlite_store.path)) as connection:
        assert [read_some(connection, after) for after in (0, 1, 2, 3)] == [1, 2, 3, 0]
        monkeypatch.setattr("telemetry.history.sqlite.damage._ROWS", 6)
        assert read_some(connection, 0) == 0


def test_each_corrupt_file_is_kept_with_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    for number in range(3):
        path.write_text(f"file {number}")
        path.with_name("history.sqlite3-wal").write_text(f"journal {number}")
        rename_damaged(path, "a test")
        assert list(tmp_path.glob("history.sqlite3")) == []
    kept = renamed_files(path)
    assert [each.read_text() for each in kept] == ["file 0", "file 1", "file 2"]
    journals = [each.with_name(f"{each.name}-wal").read_text() for each in kept]
    assert journals == ["journal 0", "journal 1", "journal 2"]


def test_a_file_that_is_deleted_while_open_is_created_again(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    with closing(sqlite_store.new_reader()) as reader, closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock())])
        assert times(reader, clock) == [clock()]
        for file in sqlite_store.path.parent.iterdir():
            file.unlink()
        clock.advance(1)
        writer.write([cpu(clock())])
        assert times(reader, clock) == [clock()]
        writer.write([cpu(clock() - 1)])
        assert times(reader, clock) == [clock() - 1, clock()]


def test_a_corrupt_file_that_cannot_be_renamed_is_reported_and_retried(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sqlite_store.path
    path.parent.mkdir()
    overwrite_all(path)

    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with closing(sqlite_store.new_writer()) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", refuse)
            with pytest.raises(
                HistoryUnavailableError, match="cannot be accessed: Permission denied"
            ):
                writer.open()
        writer.open()
        writer.write([cpu(clock())])
    assert len(renamed_files(path)) == 1


def test_a_lock_of_another_program_is_reported_in_one_sentence(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.schema._BUSY_MILLISECONDS", 10)
    with closing(SqliteWriter(sqlite_store.path, Spans(1), clock)) as writer:
        writer.open()
        with closing(sqlite3.connect(sqlite_store.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(HistoryUnavailableError, match="is locked by another program"):
                writer.write([cpu(clock())])
        writer.write([cpu(clock())])
