"""What is specific to SQLite: the file, its size, its readers and its failures."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from tests.telemetry.history.conftest import HOUR, MovableClock, SqliteStore
from tests.telemetry.history.minutes import MINUTE, WEEK, minute_of, roll_up
from tests.telemetry.history.samples import INTERVAL, cpu, disk, question


def size_on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.iterdir())


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(number)


def test_the_file_stops_growing(sqlite_store: SqliteStore, clock: MovableClock) -> None:
    sizes = []
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        for _window in range(5):
            for _batch in range(HOUR // INTERVAL // 20):
                # The names of devices change constantly, like those of container interfaces.
                batch = [
                    sample
                    for number in range(20)
                    for sample in (
                        cpu(clock() + number * INTERVAL, per_core=[1.0] * 20),
                        disk(clock() + number * INTERVAL, ["sda", f"dm-{clock()}"]),
                    )
                ]
                clock.advance(20 * INTERVAL)
                writer.write(batch)
            sizes.append(size_on_disk(sqlite_store.path))
    assert sizes[-1] <= 1.1 * sizes[1]
    assert rows(sqlite_store.path, "field") < 4 * HOUR // INTERVAL // 20


def test_pruning_deletes_hosts_and_fields_without_samples(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([disk(clock(), ["old"]), disk(clock(), ["old"], host="gone")])
        clock.advance(HOUR + 60_000)  # samples are deleted by full minutes
        writer.write([disk(clock(), ["new"])])
        assert rows(sqlite_store.path, "channel") == 1
        assert rows(sqlite_store.path, "sample") == 1
        assert rows(sqlite_store.path, "field") == 4
        with closing(sqlite_store.new_reader()) as reader:
            fields = reader.read(question(0, clock() + 1, "system/disk"))["system/disk"].fields
        assert fields["per_device.new.read_rate"] == [1.0]


def write_with_a_clock_ahead(store: SqliteStore, clock: MovableClock) -> None:
    """Store a sample and an event of the year 2099."""
    now, clock.now = clock.now, 4_070_908_800_000
    with closing(store.new_writer()) as writer:
        writer.open()
        moment = Event("system/annotations", "ahead", clock(), None, {"text": "ahead"})
        writer.write([cpu(clock(), host="ahead"), moment])
    clock.now = now


def test_records_of_a_clock_that_was_ahead_are_not_listed_and_are_pruned(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.writer._CLOCK_SETTLES_SECONDS", 0)
    write_with_a_clock_ahead(sqlite_store, clock)
    with closing(sqlite_store.new_reader()) as reader:
        assert reader.hosts() == []
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock())])
    counts = [rows(sqlite_store.path, table) for table in ("sample", "channel", "event")]
    assert counts == [1, 1, 0]


def test_a_history_is_not_pruned_by_a_clock_that_is_behind_after_a_start(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    stored = clock()
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(stored)])
    clock.advance(-2 * HOUR)
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        writer.open()
        writer.write([cpu(clock())])
        clock.advance(2 * HOUR)
        assert reader.read(question(0, clock() + 1))["system/cpu"].timestamps == [stored]


def test_a_reused_slot_has_no_values_of_its_previous_field(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        writer.open()
        writer.write([disk(clock(), ["old"])])
        clock.advance(HOUR // 2)
        kept = clock()
        writer.write([disk(kept, [])])
        clock.advance(HOUR // 2 + 1)
        writer.write([disk(clock(), ["new"])])
        fields = reader.read(question(0, clock() + 1, "system/disk"))["system/disk"].fields
    assert fields["per_device.new.read_rate"] == [None, 1.0]
    assert "per_device.old.read_rate" not in fields


def test_a_batch_rejected_after_pruning_does_not_affect_the_next_one(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        writer.open()
        writer.write([disk(clock(), ["old"])])
        clock.advance(HOUR + 1)
        with pytest.raises(Exception, match="not valid Unicode"):
            writer.write([disk(clock(), ["new"]), cpu(clock(), host="\ud800")])
        writer.write([disk(clock(), ["new"])])
        fields = reader.read(question(0, clock() + 1, "system/disk"))["system/disk"].fields
    assert fields["per_device.new.read_rate"] == [1.0]


def test_what_was_written_survives_kill_9(sqlite_store: SqliteStore, clock: MovableClock) -> None:
    program = (
        "import sys, time; from pathlib import Path; from telemetry.samples import Sample; "
        "from telemetry.history.sqlite import SqliteReader, SqliteWriter; "
        "from telemetry.history.window import Spans; "
        f"writer = SqliteWriter(Path(sys.argv[1]), Spans({HOUR})); writer.open(); "
        f"writer.write([Sample('system/cpu', 'h', {clock()}, {{'utilization': 5.0}})]); "
        "print('written', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(sqlite_store.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == b"written\n"
        os.kill(writing.pid, signal.SIGKILL)
    with closing(sqlite_store.new_reader()) as reader:
        assert reader.read(question(0, clock() + 1))["system/cpu"].fields["utilization"] == [5.0]


def test_a_reader_sees_later_writes_of_another_connection(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    with closing(sqlite_store.new_reader()) as reader:
        reader.open()
        assert reader.read(question(0, clock() + 1)) == {}
        for number in range(3):
            with closing(sqlite_store.new_writer()) as writer:
                writer.open()
                writer.write([cpu(clock() - number)])
            columns = reader.read(question(0, clock() + 1))["system/cpu"]
            assert len(columns.timestamps) == number + 1


def test_a_reader_cannot_change_the_file(sqlite_store: SqliteStore) -> None:
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        writer.open()
        reader.ping()
        connection = reader._connection  # noqa: SLF001 - no public method writes
        assert connection is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM sample")


def test_a_folder_that_cannot_be_created_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HistoryUnavailableError, match="cannot be accessed"):
        SqliteWriter(tmp_path / "file" / "history.sqlite", Spans(HOUR)).open()


def test_a_path_that_the_system_refuses_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300) / "history.sqlite"
    writer, reader = SqliteWriter(path, Spans(HOUR)), SqliteReader(path, Spans(HOUR))
    for action in (writer.open, reader.ping, reader.hosts):
        with pytest.raises(HistoryUnavailableError, match="cannot be accessed: File name too long"):
            action()


def test_a_file_of_a_newer_version_is_left_alone(sqlite_store: SqliteStore) -> None:
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
    with closing(sqlite3.connect(sqlite_store.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryUnavailableError, match="newer version"):
        sqlite_store.new_writer().open()
    with pytest.raises(HistoryUnavailableError, match="newer version"):
        sqlite_store.new_reader().ping()


FOREIGN = [
    "CREATE TABLE notes (text)",
    "CREATE TABLE notes (text); PRAGMA user_version = 1",
    "CREATE TABLE notes (text); PRAGMA user_version = 99",
    "PRAGMA application_id = 7",
    "CREATE TABLE channel (id); CREATE TABLE sample (id)",
]


@pytest.mark.parametrize("script", FOREIGN)
def test_a_database_of_another_program_is_refused_and_not_changed(
    sqlite_store: SqliteStore, script: str
) -> None:
    path = sqlite_store.path
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    content = path.read_bytes()
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        for action in (writer.open, reader.ping, reader.hosts):
            with pytest.raises(
                HistoryUnavailableError, match="another program's database: move it away, or"
            ):
                action()
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_history(sqlite_store: SqliteStore, clock: MovableClock) -> None:
    sqlite_store.path.parent.mkdir()
    sqlite_store.path.touch()
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock())])
    assert rows(sqlite_store.path, "sample") == 1


def test_characters_with_a_meaning_in_uris_are_allowed_in_the_path(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20d" / "history.sqlite"
    with closing(SqliteWriter(path, Spans(HOUR))) as writer:
        writer.open()
    assert path.exists()


def test_a_query_that_takes_too_long_is_aborted_and_the_next_one_is_not(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite_store.new_writer()) as writer, closing(sqlite_store.new_reader()) as reader:
        writer.open()
        writer.write([cpu(clock() + number, per_core=[1.0] * 100) for number in range(500)])
        reader.open()
        query = question(clock(), clock() + 1000, max_points=5)
        with monkeypatch.context() as patch:
            patch.setattr("telemetry.history.sqlite.reader._ANSWER_SECONDS", 0.0)
            with pytest.raises(
                HistoryUnavailableError, match=r"took longer than 0 s: request fewer"
            ):
                reader.read(query)
        assert len(reader.read(query)["system/cpu"].timestamps) == 3


@pytest.mark.parametrize("step", [1, MINUTE], ids=["samples", "minutes"])
def test_a_channel_with_very_many_fields_is_returned_with_fewer_points(
    tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr("telemetry.history.sqlite.reader._MOST_VALUES", 1000)
    store = SqliteStore(tmp_path / "history.sqlite3", clock, Spans(HOUR, WEEK, WEEK))
    start = minute_of(clock())
    with closing(store.new_writer()) as writer, closing(store.new_reader()) as reader:
        writer.open()
        clock.now = start + 50 * step
        writer.write([cpu(start + step * index, per_core=[1.0] * 98) for index in range(50)])
        clock.advance(2 * HOUR if step == MINUTE else 1)
        roll_up(writer)
        reader.open()
        columns = reader.read(question(start, clock(), max_points=5000))["system/cpu"]
    assert 3 <= len(columns.timestamps) <= 10
