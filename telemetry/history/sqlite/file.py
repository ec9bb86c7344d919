"""The writer's connection to the SQLite file, which survives damage to the file."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from telemetry.history.sqlite.damage import (
    is_damage,
    primary_code,
    read_some,
    rename_damaged,
    require_sound,
)
from telemetry.history.sqlite.schema import identity_of, open_for_reading, open_for_writing

_SMALL = ("channel", "field", "event", "due")
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)


class WritableFile:
    """The file at ``path``.

    A corrupt file is renamed; if the file is missing or was replaced, it is opened again.
    Not thread-safe. Each method except ``close`` raises sqlite3.Error or OSError.
    """

    def __init__(self, path: Path) -> None:
        """Store the path; nothing is opened yet."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._damage: str | None = None
        self._read_until = 0  # the id of a channel

    @contextlib.contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection, a new one if the previous one failed."""
        try:
            yield self._connected()
        except sqlite3.Error as error:
            if is_damage(error):
                self._damage = str(error)
            # Reconnect, because a failed state can stick: a connection to a read-only file stays
            # read-only. A connection that only waited for a lock or for space is kept.
            if primary_code(error) not in _PASSING:
                self.close()
            raise

    def check(self) -> None:
        """Check the file through a new connection, because the open one has pages in its cache.

        A large file is checked in parts: each call checks the small tables, and continues with the
        samples and minutes where the previous call ended.
        """
        connection = open_for_reading(self._path)
        if connection is not None:
            with contextlib.closing(connection):
                require_sound(connection, _SMALL)
                self._read_until = read_some(connection, self._read_until)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and identity_of(self._path) != self._identity:
            self.close()
        if self._connection is None:
            self._connection = self._connect()
            self._identity = identity_of(self._path)
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        if self._damage is None:
            try:
                return open_for_writing(self._path)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._damage = str(error)
        rename_damaged(self._path, self._damage)
        self._damage = None
        return open_for_writing(self._path)
