"""Writes the embedded history, a SQLite file."""

import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.columns import not_unicode, numbers_of
from telemetry.history.longer import SETTLED
from telemetry.history.port import Record
from telemetry.history.sqlite import events, minutes, pruning
from telemetry.history.sqlite.damage import primary_code
from telemetry.history.sqlite.file import WritableFile
from telemetry.history.sqlite.migrations import BLOCK, VALUES
from telemetry.history.sqlite.room import Room
from telemetry.history.sqlite.schema import errors_as_unavailable
from telemetry.history.window import Clock, Spans, Windows
from telemetry.log_limit import RateLimitedLog
from telemetry.samples import Sample

log = logging.getLogger(__name__)

_PRUNE_EVERY = 60_000
# After a start, records from the future are kept for this long: a machine without a battery-backed
# clock starts with a time in the past, and its stored records only seem to be from the future.
_CLOCK_SETTLES_SECONDS = 600.0
_NEVER = 2**63 - 1  # the largest timestamp

_Row = tuple[float | None, ...]
_FREE = ""  # the name of a slot that no field uses


class _Channel:
    """The id of a channel, and the names of its fields, ordered by slot.

    A slot is the position where a field's values are stored. A free slot between used slots has an
    empty name.
    """

    def __init__(self, number: int, fields: Mapping[int, str]) -> None:
        self.id = number
        self.names = [fields.get(slot, _FREE) for slot in range(max(fields, default=-1) + 1)]
        self.known = set(fields.values())

    def add(self, name: str) -> int:
        """Assign the lowest free slot to the field ``name``, and return the slot."""
        if _FREE not in self.names:
            self.names.append(_FREE)
        slot = self.names.index(_FREE)
        self.names[slot] = name
        self.known.add(name)
        return slot


class SqliteWriter:
    """Writes samples and events to the SQLite file at ``path``. Not thread-safe.

    If a sample is already stored, the new values are merged into it. A crash of this process loses
    no stored records; a power cut may lose the records of the last minute. If the file is found to
    be corrupt, it is renamed and a new file is created. If the file was deleted, a new file is
    created. If the file was replaced, the new file is opened. When the file reaches its limit, the
    oldest records are deleted.
    """

    def __init__(
        self,
        path: Path,
        spans: Spans,
        clock: Clock = unix_milliseconds,
        *,
        limit: int = 1_000_000_000,
    ) -> None:
        """Open nothing yet; ``limit`` is the maximum size of the file in bytes."""
        self._path = path
        self._windows = Windows(spans, clock)
        self._file = WritableFile(path)
        self._room = Room(path, limit)
        self._log = RateLimitedLog(log)
        self._evicted = 0
        self._is_open = False
        self._opened = 0.0
        self._known: sqlite3.Connection | None = None  # the connection of the caches below
        self._channels: dict[tuple[str, str], _Channel] = {}
        self._pruned: int | None = None

    @property
    def dropped(self) -> int:
        """The number of records dropped because they were outside their retention period."""
        return self._windows.dropped

    @property
    def evicted(self) -> int:
        """The number of records that were deleted early because the file had reached its limit."""
        return self._evicted

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is within its retention period."""
        return self._windows.keeps(record)

    def open(self) -> None:
        """Open the file, creating it if it is missing. Raises HistoryUnavailableError."""
        self.close()
        with errors_as_unavailable(self._path), self._file.using():
            self._is_open = True
            self._opened = time.monotonic()

    def write(self, records: Sequence[Record]) -> None:
        """Store all ``records`` that are within their retention period; if this fails, store none.

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

    def roll_up(self) -> bool:
        """Compute one-minute points whose samples have changed; return whether more may be left.

        Raises HistoryUnavailableError or HistoryRejectedError.
        """
        if not self._is_open:
            raise HistoryUnavailableError(f"The history file {self._path} is not open.")
        with errors_as_unavailable(self._path), self._file.using() as connection:
            return self._windows.minutes is not None and self._roll_up(connection)

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
            self._prune(connection)
            self._pruned = now
        samples, moments = self._windows.admit(records)
        while not self._insert(connection, samples, moments):
            self._make_room(connection)
        self._windows.count_dropped(len(records) - len(samples) - len(moments))

    def _insert(
        self, connection: sqlite3.Connection, samples: Sequence[Sample], moments: Sequence[Event]
    ) -> bool:
        """Insert all records; if the file has reached its limit, insert none and return False."""
        self._room.restrict(connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                rows = self._rows(connection, samples)
                for width in sorted(rows):  # a channel's rows only get wider
                    connection.executemany(_upsert(width), rows[width])
                events.insert(connection, moments)
        except sqlite3.Error as error:
            self._channels.clear()  # the ids and slots in the cache are rolled back
            if primary_code(error) != sqlite3.SQLITE_FULL or self._room.is_disk_full(connection):
                raise
            return False
        return True

    def _roll_up(self, connection: sqlite3.Connection) -> bool:
        self._room.restrict(connection)
        try:
            return minutes.roll_up(connection, self._windows.clock() - SETTLED + 1)
        except sqlite3.Error as error:
            if primary_code(error) != sqlite3.SQLITE_FULL or self._room.is_disk_full(connection):
                raise
        self._make_room(connection)
        return True

    def _forget(self) -> None:
        self._known = self._pruned = None
        self._channels.clear()

    def _rows(
        self, connection: sqlite3.Connection, samples: Sequence[Sample]
    ) -> dict[int, list[_Row]]:
        """Return the rows of ``samples``, grouped by how many values each row has.

        Each row holds one block of a sample's values. The row of the last block ends with the
        channel's last field. This row is not padded with nulls, because Python takes 0.3 µs to
        bind a null, four times as long as to bind a number.
        """
        rows: defaultdict[int, list[_Row]] = defaultdict(list)
        for sample in samples:
            numbers = numbers_of(sample)
            channel = self._channel(connection, sample.host, sample.channel)
            if not numbers.keys() <= channel.known:
                _add_fields(connection, channel, numbers)
            values = tuple(map(numbers.get, channel.names))
            for start in range(0, max(1, len(values)), BLOCK):
                block = values[start : start + BLOCK]
                if start == 0 or block.count(None) < len(block):
                    row = channel.id, start // BLOCK, sample.timestamp, *block
                    rows[len(block)].append(row)
        return rows

    def _channel(self, connection: sqlite3.Connection, host: str, name: str) -> _Channel:
        known = self._channels.get((host, name))
        if known is not None:
            return known
        connection.execute("INSERT OR IGNORE INTO channel (host, name) VALUES (?, ?)", (host, name))
        (channel_id,) = connection.execute(
            "SELECT id FROM channel WHERE host = ? AND name = ?", (host, name)
        ).fetchone()
        fields = connection.execute(
            "SELECT slot, name FROM field WHERE channel_id = ?", (channel_id,)
        )
        channel = self._channels[host, name] = _Channel(channel_id, dict(fields))
        return channel

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Delete expired records and, if the file exceeds its limit, the oldest records.

        In the first ten minutes after ``open``, records from the future are not deleted, because
        the machine's clock may still be wrong.
        """
        settled = time.monotonic() - self._opened >= _CLOCK_SETTLES_SECONDS
        self._room.lift(connection)
        self._channels.clear()
        pruning.prune(connection, self._windows, self._windows.samples.end if settled else _NEVER)
        while self._room.is_over_limit(connection) and self._evict(connection):
            pass
        self._room.shrink(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        """Delete the oldest records until at least a twentieth of the file's limit is unused."""
        self._room.lift(connection)
        if not self._evict(connection):
            raise HistoryRejectedError(
                f"A sample does not fit into the history file {self._path}: the limit of the file "
                f"is {self._room.limit // 1_000_000} MB (history_megabytes).",
                "larger than the history",
            )
        while not self._room.is_ample(connection) and self._evict(connection):
            pass

    def _evict(self, connection: sqlite3.Connection) -> int:
        number = pruning.evict(connection, self._room.limit)
        self._evicted += number
        if number:
            self._log.write(
                "The history file has reached its limit of %d MB (history_megabytes): the oldest "
                "records are deleted early, %d so far.",
                self._room.limit // 1_000_000,
                self._evicted,
            )
        return number


@cache
def _upsert(width: int) -> str:
    """Return the statement that inserts or merges a row of ``width`` values."""
    values = VALUES[:width]
    merge = ", ".join(f"{value} = coalesce(excluded.{value}, {value})" for value in values)
    key = "channel_id, block, timestamp"
    return (  # S608: built only from names of columns
        f"INSERT INTO sample ({', '.join((key, *values))}) VALUES (?, ?, ?{', ?' * width}) "  # noqa: S608
        f"ON CONFLICT ({key}) DO {f'UPDATE SET {merge}' if merge else 'NOTHING'}"
    )


def _add_fields(
    connection: sqlite3.Connection, channel: _Channel, numbers: Mapping[str, float | None]
) -> None:
    """Add the fields in ``numbers`` that have a value for the first time.

    Each new field gets a free slot. Another field may have used this slot before, but its values
    are gone: a slot becomes free only when all values of its field have been deleted.
    """
    for name, value in numbers.items():
        if value is not None and name not in channel.known:
            slot = channel.add(name)
            connection.execute("INSERT INTO field VALUES (?, ?, ?)", (channel.id, slot, name))
