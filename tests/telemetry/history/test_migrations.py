"""A file from an earlier version is converted, and keeps its contents.

`schemas/version-N.sql` is a dump of a file by the commit before the tables changed from version N,
with two samples: a CPU with 20 cores, which takes two blocks, and a GPU.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.catalogue import ANNOTATION
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.port import EventQuery, Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.sqlite.migrations import APPLICATION_ID, VERSION
from telemetry.history.window import Spans

NOW = 1_767_225_600_000
HOUR = 3_600_000
DUMPS = sorted((Path(__file__).parent / "schemas").glob("version-*.sql"))


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def old_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "history.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text())
    return path


def new_writer(path: Path) -> SqliteWriter:
    return SqliteWriter(path, Spans(HOUR), clock=lambda: NOW)


def new_reader(path: Path) -> SqliteReader:
    return SqliteReader(path, Spans(HOUR), clock=lambda: NOW)


def tables(path: Path) -> list[tuple[str, str]]:
    statement = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(statement).fetchall()
    return [(name, " ".join(sql.replace("IF NOT EXISTS ", "").split())) for name, sql in found]


def test_there_is_a_dump_of_each_earlier_version() -> None:
    assert [path.stem for path in DUMPS] == [f"version-{number}" for number in range(1, VERSION)]


def test_a_converted_file_has_the_tables_of_a_new_one(old_file: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "new.sqlite3"
    for path in (old_file, fresh):
        with closing(new_writer(path)) as writer:
            writer.open()
    assert tables(old_file) == tables(fresh)


def test_a_converted_file_keeps_its_samples_and_accepts_events(old_file: Path) -> None:
    event = Event("system/annotations", "a", NOW, None, {"text": "epoch 3"})
    with closing(new_writer(old_file)) as writer:
        writer.open()
        writer.write([event])
    query = Query("h", ("system/cpu", "system/gpu/0"), NOW - HOUR, NOW)
    with closing(new_reader(old_file)) as reader:
        answer = reader.read(query)
        assert reader.events(EventQuery(ANNOTATION, NOW, NOW + 1)) == [event]
    assert answer["system/cpu"].fields["utilization"] == [12.5]
    assert answer["system/cpu"].fields["per_core.19"] == [19.0]
    assert answer["system/gpu/0"].fields["memory_used"] == [1024.0]


def test_a_reader_reports_that_the_ingester_converts_an_older_file(old_file: Path) -> None:
    with closing(new_reader(old_file)) as reader:
        with pytest.raises(HistoryUnavailableError, match="the ingester, which converts the file"):
            reader.ping()
        with closing(new_writer(old_file)) as writer:
            writer.open()
        reader.ping()


def test_converting_twice_changes_nothing(old_file: Path) -> None:
    for _ in range(2):
        with closing(new_writer(old_file)) as writer:
            writer.open()
    with closing(sqlite3.connect(old_file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
