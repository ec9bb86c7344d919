"""Reads the embedded history, a SQLite file."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from telemetry.catalogue import family_of
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history import longer
from telemetry.history.buckets import bucket_width, mark_outages
from telemetry.history.columns import assemble
from telemetry.history.port import Aggregate, Columns, EventQuery, Query
from telemetry.history.sqlite import events, minutes
from telemetry.history.sqlite.damage import renamed_files
from telemetry.history.sqlite.migrations import BLOCK, VALUES
from telemetry.history.sqlite.schema import (
    errors_as_unavailable,
    identity_of,
    open_for_reading,
)
from telemetry.history.sqlite.statements import (
    CHANNELS,
    CLEAR_BUCKETS,
    COUNT,
    FILL_BUCKETS,
    HOSTS,
    MAKE_BUCKETS,
    buckets,
    samples,
)
from telemetry.history.window import Clock, Spans, Windows

_ANSWER_SECONDS = 10.0  # reading an hour of the largest machine's samples takes a few seconds
_STEPS = 100_000  # SQLite instructions (about 1 ms) between two checks of the clock
_MOST_VALUES = 2_000_000  # per channel; enough for 5,000 points of a CPU with 256 cores

_Statement = Callable[[Sequence[str], Aggregate], str]


class SqliteReader:
    """Reads from the SQLite file at ``path``, and never changes it.

    All threads share one connection, protected by a lock. One connection is fast enough, because
    a query usually takes a few milliseconds. More connections would take more memory, because
    each has its own page cache.
    """

    def __init__(self, path: Path, spans: Spans, clock: Clock = unix_milliseconds) -> None:
        """Store the path and the retention without opening the file."""
        self._path = path
        self._windows = Windows(spans, clock)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> None:
        """Do nothing: the first query opens the file, which may not exist yet."""

    def ping(self) -> None:
        """Check that the file can be read. Raises HistoryUnavailableError with the reason."""
        with self._asking() as connection:
            if connection is None:
                raise HistoryUnavailableError(
                    f"The history file {self._path} does not exist yet: is the ingester running?"
                )
            connection.execute("SELECT 1 FROM channel LIMIT 1").fetchone()

    def hosts(self, start: int | None = None) -> Sequence[str]:
        """Return the sorted hosts that have samples or minutes; see ``HistoryReader.hosts``."""
        return self._names(HOSTS, start, {})

    def channels(self, host: str, start: int | None = None) -> Sequence[str]:
        """Return the sorted channels of ``host`` that have samples or minutes; see ``hosts``."""
        return self._names(CHANNELS, start, {"host": host})

    def _names(
        self, statement: str, start: int | None, selection: Mapping[str, str]
    ) -> Sequence[str]:
        window = self._windows.samples
        oldest = longer.first_minute(self._windows, start)
        parameters = {
            "start": window.start,
            "end": window.end,
            "minutes": window.end if oldest is None else oldest,
            **selection,
        }
        with self._asking() as connection:
            if connection is None:
                return []
            return [name for (name,) in connection.execute(statement, parameters)]

    def read(self, query: Query) -> dict[str, Columns]:
        """Answer ``query``. Raises HistoryUnavailableError."""
        with self._asking() as connection:
            if connection is None:
                return {}
            connection.execute("BEGIN")  # the whole answer is from one snapshot
            with connection:
                bounded = _of_bounded_size(connection, query)
                return longer.read(bounded, self._windows, _source(connection))

    def events(self, query: EventQuery) -> list[Event]:
        """Answer ``query``. Raises HistoryUnavailableError."""
        clipped = self._windows.events.clip(query)
        if clipped is None:
            return []
        with self._asking() as connection:
            return [] if connection is None else events.select(connection, clipped)

    def notes(self) -> Sequence[str]:
        """Return a note for each corrupt file that was renamed. Raises HistoryUnavailableError."""
        with errors_as_unavailable(self._path):
            return [
                f"A corrupt history file is kept as {each}; delete it when you no longer need it."
                for each in renamed_files(self._path)
            ]

    def close(self) -> None:
        """Close the file. Safe to call twice, and before ``open``."""
        with self._lock:
            self._disconnect()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection | None]:
        """Yield the connection to one thread at a time, or None if the file does not exist yet."""
        with self._lock, errors_as_unavailable(self._path):
            try:
                connection = self._connected()
                if connection is not None:
                    _limit_the_time(connection)
                yield connection
            except sqlite3.Error as error:
                self._disconnect()  # reopen it next time: the ingester replaces a corrupt file
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                    raise HistoryUnavailableError(
                        f"The history query took longer than {_ANSWER_SECONDS:g} s: request fewer "
                        "channels or a shorter time span."
                    ) from None
                raise

    def _connected(self) -> sqlite3.Connection | None:
        identity = identity_of(self._path)
        if identity != self._identity:
            self._disconnect()
        if self._connection is None:
            self._connection = open_for_reading(self._path)
            self._identity = identity
            if self._connection is not None:
                self._connection.execute("PRAGMA temp_store = MEMORY")
                self._connection.execute(MAKE_BUCKETS)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _limit_the_time(connection: sqlite3.Connection) -> None:
    """Set a deadline for the next queries, because other threads wait for ``connection``."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)


def _source(connection: sqlite3.Connection) -> longer.Source:
    """Return the source that reads samples and minutes through ``connection``."""

    def recent(query: Query) -> dict[str, Columns]:
        _lay_out_buckets(connection, query)
        answers = ((name, _read(connection, name, query)) for name in query.channels)
        return {name: columns for name, columns in answers if columns is not None}

    def points(query: Query) -> dict[str, Columns]:
        return made(query, minutes.points, longer.MINUTE, query.end)

    def wider(query: Query, seam: int, width: int) -> dict[str, Columns]:
        return made(query, minutes.buckets, width, seam)

    def made(query: Query, statement: _Statement, width: int, seam: int) -> dict[str, Columns]:
        answers = {}
        for name in query.channels:
            channel = _channel(connection, query.host, name)
            if channel is not None:
                span = {**_span(channel, query), "width": width, "seam": seam}
                timestamps, values = _select(connection, statement, query, span)
                if timestamps:
                    answers[name] = assemble(name, query, timestamps, values, width)
        return answers

    return longer.Source(recent, points, wider)


def _lay_out_buckets(connection: sqlite3.Connection, query: Query) -> None:
    """Write the starts of the query's buckets to the in-memory table ``bucket``."""
    connection.execute(CLEAR_BUCKETS)
    span = {"start": query.start, "end": query.end, "width": bucket_width(query)}
    connection.execute(FILL_BUCKETS, span)


def _channel(connection: sqlite3.Connection, host: str, name: str) -> int | None:
    """Return the channel's id, or None if the channel is not in the file or the catalogue."""
    found = connection.execute(
        "SELECT id FROM channel WHERE host = ? AND name = ?", (host, name)
    ).fetchone()
    return None if found is None or family_of(name) is None else found[0]


def _span(channel: int, query: Query) -> dict[str, int]:
    return {"channel": channel, "block": 0, "start": query.start, "end": query.end}


def _read(connection: sqlite3.Connection, name: str, query: Query) -> Columns | None:
    """Return the channel's samples, aggregated if there are too many; None if there are none."""
    channel = _channel(connection, query.host, name)
    if channel is None:
        return None
    span = _span(channel, query)
    (count,) = connection.execute(COUNT, span).fetchone()
    if count == 0:
        return None
    if count <= query.max_points:
        timestamps, values = _select(connection, samples, query, span)
        columns = mark_outages(assemble(name, query, timestamps, values))
        if len(columns.timestamps) <= query.max_points:
            return columns
    width = bucket_width(query)
    timestamps, values = _select(connection, buckets, query, {**span, "width": width})
    return mark_outages(assemble(name, query, timestamps, values, width), count)


def _of_bounded_size(connection: sqlite3.Connection, query: Query) -> Query:
    """Return ``query``, with a lower ``max_points`` if a channel has very many fields.

    Without this reduction, a client that publishes many made-up devices could make an answer so
    large that it exhausts the memory.
    """
    known = (_channel(connection, query.host, name) for name in query.channels)
    count = "SELECT count(*) FROM field WHERE channel_id = ?"
    counts = [
        connection.execute(count, (each,)).fetchone()[0] for each in known if each is not None
    ]
    points = max(1, _MOST_VALUES // max([1, *counts]))
    return replace(query, max_points=min(query.max_points, points))


def _select(
    connection: sqlite3.Connection,
    statement: _Statement,
    query: Query,
    span: Mapping[str, int],
) -> tuple[list[int], dict[str, tuple[float | None, ...]]]:
    """Run ``statement`` for the selected fields; return the times, and the values of each field.

    A sample with many fields is stored in several rows, one for each block of fields. The times
    are read from block 0, where every sample has a row.
    """
    fields: dict[int, list[tuple[str, str]]] = {0: []}
    for slot, name in connection.execute(
        "SELECT slot, name FROM field WHERE channel_id = :channel ORDER BY slot", span
    ):
        if query.selects(name):
            fields.setdefault(slot // BLOCK, []).append((VALUES[slot % BLOCK], name))
    times: list[int] = []
    values: dict[str, tuple[float | None, ...]] = {}
    for block, names in fields.items():
        text = statement([value for value, _ in names], query.aggregate)
        rows = connection.execute(text, {**span, "block": block}).fetchall()
        if block == 0:
            times = [row[0] for row in rows]
        elif len(rows) < len(times):
            missing = (None,) * (1 + len(names))
            by_time = {row[0]: row for row in rows}
            rows = [by_time.get(time, missing) for time in times]
        columns = list(zip(*rows, strict=True))[1:]
        values.update(zip((name for _, name in names), columns, strict=False))  # none without rows
    return times, values
