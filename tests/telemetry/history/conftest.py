"""One store per adapter; the conformance suite runs with each."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import HistoryReader, HistoryWriter
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from tests.services.influxdb import Influxdb

HOUR = 3_600_000


@dataclass
class MovableClock:
    """A clock that a test moves. It starts at the real time, which InfluxDB uses."""

    now: int = field(default_factory=unix_milliseconds)

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds


class Store(Protocol):
    """One empty history; each call returns a new writer or reader, which is not open."""

    clock: MovableClock

    def new_writer(self) -> HistoryWriter: ...

    def new_reader(self) -> HistoryReader: ...


@dataclass
class SqliteStore:
    path: Path
    clock: MovableClock
    spans: Spans = Spans(HOUR)  # noqa: RUF009 - frozen

    def new_writer(self) -> SqliteWriter:
        return SqliteWriter(self.path, self.spans, self.clock)

    def new_reader(self) -> SqliteReader:
        return SqliteReader(self.path, self.spans, self.clock)


@dataclass
class InfluxdbStore:
    server: Influxdb
    bucket: str
    clock: MovableClock
    window_ms: int = HOUR
    events_ms: int = Spans(HOUR).events
    minutes_ms: int = 0

    @property
    def account(self) -> tuple[str, str, str, str]:
        return self.server.url, self.server.token, self.server.org, self.bucket

    @property
    def spans(self) -> Spans:
        return Spans(self.window_ms, self.events_ms, self.minutes_ms)

    def new_writer(self) -> InfluxdbWriter:
        return InfluxdbWriter(*self.account, self.spans, self.clock)

    def new_reader(self) -> InfluxdbReader:
        return InfluxdbReader(*self.account, self.spans, self.clock)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def sqlite_store(tmp_path: Path, clock: MovableClock) -> SqliteStore:
    return SqliteStore(tmp_path / "data" / "history.sqlite", clock)


@pytest.fixture
def influxdb_store(influxdb: Influxdb, clock: MovableClock) -> InfluxdbStore:
    return InfluxdbStore(influxdb, influxdb.new_bucket(), clock)


@pytest.fixture(params=["sqlite", "influxdb"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def writer(store: Store, resources: ExitStack) -> HistoryWriter:
    writer = resources.enter_context(closing(store.new_writer()))
    writer.open()
    return writer


@pytest.fixture
def reader(store: Store, resources: ExitStack) -> HistoryReader:
    reader = resources.enter_context(closing(store.new_reader()))
    reader.open()
    return reader
