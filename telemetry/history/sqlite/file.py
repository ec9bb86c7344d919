"""The writer's connection to the SQLite file; a corrupt file is replaced with a new one."""

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
    """The SQLite file at ``path``, opened for writing. Not thread-safe.

    If the file is corrupt, it is renamed and a new file is created. A missing file is created. If
    the file was replaced, the new file is opened. ``using`` and ``check`` can raise sqlite3.Error,
    OSError or HistoryUnavailableError.
    """

    def __init__(self, path: Path) -> None:
        """Store the path without opening the file."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._damage: str | None = None
        self._read_until = 0  # the id of a channel

    @contextlib.contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Provide the connection to a ``with`` block, opening the file if necessary."""
        try:
            yield self._connected()
        except sqlite3.Error as error:
            if is_damage(error):
                self._damage = str(error)
            # Close the connection, because its error may persist: a connection that was opened
            # while the file was read-only stays read-only. After an error that passes (a lock, a
            # full disk), the connection is kept.
            if primary_code(error) not in _PASSING:
                self.close()
            raise

    def check(self) -> None:
        """Check the file for damage.

        The check uses a new connection, because the open one would read its page cache
        instead of the file.

        A large file is checked in parts: each call checks the small tables, then resumes reading
        the samples and minutes where the previous call stopped.
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
