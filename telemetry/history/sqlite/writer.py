"""The writing half of the embedded history."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.columns import not_unicode, numbers_of
from telemetry.history.port import Record
from telemetry.history.sqlite import events
from telemetry.history.sqlite.file import WritableFile
from telemetry.history.sqlite.migrations import BLOCK, VALUES
from telemetry.history.sqlite.schema import errors_as_unavailable
from telemetry.history.window import Clock, Spans, Windows
from telemetry.samples import Sample

_PRUNE_EVERY = 60_000
# A machine without a battery for its clock starts in the past: its history is not in the future.
_CLOCK_SETTLES_SECONDS = 600.0
_NEVER = 2**63 - 1  # the largest timestamp

# S608: the statements below are built only from numbers of columns.
_UPSERT = (
    f"INSERT INTO sample VALUES (?, ?, ?{', ?' * BLOCK}) "  # noqa: S608
    "ON CONFLICT (channel_id, block, timestamp) DO UPDATE SET "
    + ", ".join(f"{value} = coalesce(excluded.{value}, {value})" for value in VALUES)
)
_BLOCKS = "SELECT id, 0 FROM channel UNION SELECT channel_id, slot / ? FROM field"
_DELETE_OLD = "DELETE FROM sample WHERE channel_id = ? AND block = ? AND timestamp < ?"
_DELETE_FUTURE = "DELETE FROM sample WHERE channel_id = ? AND block = ? AND timestamp >= ?"
# Fast, because a field that is in use has a value in the oldest row of its block.
_DELETE_UNUSED_FIELDS = tuple(
    f"DELETE FROM field WHERE slot % {BLOCK} = {index} AND NOT EXISTS "  # noqa: S608
    "(SELECT 1 FROM sample WHERE sample.channel_id = field.channel_id "
    f"AND block = slot / {BLOCK} AND {value} IS NOT NULL)"
    for index, value in enumerate(VALUES)
)
_DELETE_EMPTY_CHANNELS = (
    "DELETE FROM channel WHERE NOT EXISTS (SELECT 1 FROM sample WHERE channel_id = channel.id)"
)

_Row = tuple[int | float | None, ...]


@dataclass(slots=True)
class _Channel:
    id: int
    slots: dict[str, int] = field(default_factory=dict)


class SqliteWriter:
    """Writes samples and events to the SQLite file at ``path``. Not thread-safe.

    A sample that is stored already is merged with the new values. A crash of this process loses
    nothing; a power cut may lose the last seconds. A corrupt file, at the start or later, is set
    aside and a new one is created. A missing or replaced file is opened again.
    """

    def __init__(self, path: Path, spans: Spans, clock: Clock = unix_milliseconds) -> None:
        """Store the path and the retention; nothing is opened."""
        self._path = path
        self._windows = Windows(spans, clock)
        self._file = WritableFile(path)
        self._is_open = False
        self._opened = 0.0
        self._known: sqlite3.Connection | None = None  # the connection that the following belong to
        self._channels: dict[tuple[str, str], _Channel] = {}
        self._pruned: int | None = None

    @property
    def dropped(self) -> int:
        """The number of records that were dropped because they are outside their retention."""
        return self._windows.dropped

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is inside its retention."""
        return self._windows.keeps(record)

    def open(self) -> None:
        """Open the file; create it if it is missing. Raises HistoryUnavailableError."""
        self.close()
        with errors_as_unavailable(self._path), self._file.using():
            self._is_open = True
            self._opened = time.monotonic()

    def write(self, records: Sequence[Record]) -> None:
        """Store all ``records``, or none.

        Raises HistoryUnavailableError or HistoryRejectedError.
        """
        if not self._is_open:
            raise HistoryUnavailableError(f"The history file {self._path} is not open.")
        try:
            with errors_as_unavailable(self._path), self._file.using() as connection:
                self._write(connection, records)
        except BaseException as error:
            # The ids and slots in the cache may have been rolled back.
            self._forget()
            if isinstance(error, UnicodeEncodeError):
                raise not_unicode() from error
            raise

    def close(self) -> None:
        """Close the file. Safe to call twice, and before ``open``."""
        self._is_open = False
        self._file.close()

    def _write(self, connection: sqlite3.Connection, records: Sequence[Record]) -> None:
        if connection is not self._known:
            self._forget()
            self._known = connection
        now = self._windows.clock()
        due = self._pruned is None or abs(now - self._pruned) >= _PRUNE_EVERY
        if due:
            self._file.check()
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            if due:
                self._prune(connection)
                self._pruned = now
            samples, moments = self._windows.admit(records)
            connection.executemany(_UPSERT, list(self._rows(connection, samples)))
            events.insert(connection, moments)
        self._windows.count_dropped(len(records) - len(samples) - len(moments))

    def _forget(self) -> None:
        self._known = self._pruned = None
        self._channels.clear()

    def _rows(self, connection: sqlite3.Connection, samples: Sequence[Sample]) -> Iterator[_Row]:
        for sample in samples:
            numbers = numbers_of(sample)
            channel = self._channel(connection, sample.host, sample.channel)
            blocks: dict[int, list[float | None]] = {0: [None] * BLOCK}
            for name, value in numbers.items():
                slot = channel.slots.get(name)
                if slot is None:
                    slot = _add_field(connection, channel, name)
                block, index = divmod(slot, BLOCK)
                if block not in blocks:
                    blocks[block] = [None] * BLOCK
                blocks[block][index] = value
            for block, values in blocks.items():
                yield channel.id, block, sample.timestamp, *values

    def _channel(self, connection: sqlite3.Connection, host: str, name: str) -> _Channel:
        known = self._channels.get((host, name))
        if known is not None:
            return known
        connection.execute("INSERT OR IGNORE INTO channel (host, name) VALUES (?, ?)", (host, name))
        (channel_id,) = connection.execute(
            "SELECT id FROM channel WHERE host = ? AND name = ?", (host, name)
        ).fetchone()
        fields = connection.execute(
            "SELECT name, slot FROM field WHERE channel_id = ?", (channel_id,)
        )
        channel = self._channels[host, name] = _Channel(channel_id, dict(fields))
        return channel

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Delete the records outside their retention; those in the future, once that is certain."""
        samples, moments = self._windows.samples, self._windows.events
        settled = time.monotonic() - self._opened >= _CLOCK_SETTLES_SECONDS
        end = samples.end if settled else _NEVER
        events.prune(connection, moments.start, end)
        blocks = connection.execute(_BLOCKS, (BLOCK,)).fetchall()
        connection.executemany(_DELETE_OLD, [(*block, samples.start) for block in blocks])
        connection.executemany(_DELETE_FUTURE, [(*block, end) for block in blocks])
        for statement in (*_DELETE_UNUSED_FIELDS, _DELETE_EMPTY_CHANNELS):
            if connection.execute(statement).rowcount:
                self._channels.clear()


def _add_field(connection: sqlite3.Connection, channel: _Channel, name: str) -> int:
    """Assign the lowest free slot to the field; a previous field has no values left there."""
    taken = set(channel.slots.values())
    slot = next(number for number in count() if number not in taken)
    connection.execute("INSERT INTO field VALUES (?, ?, ?)", (channel.id, slot, name))
    channel.slots[name] = slot
    return slot
