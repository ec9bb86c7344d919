"""Opens the SQLite file, and converts its errors to messages for the user."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from telemetry import private_files
from telemetry.errors import HistoryUnavailableError
from telemetry.history.sqlite.damage import is_damage, primary_code, require_sound
from telemetry.history.sqlite.migrations import VERSION, is_ours, migrate, version_of
from telemetry.history.sqlite.room import JOURNAL_BYTES, RESERVE_BYTES

_BUSY_MILLISECONDS = 5000
_FULL = (
    f"cannot be written: the disk is full (its last {RESERVE_BYTES // 1_000_000} MB are kept for "
    "deleting old records); free some space, or lower history_megabytes"
)
_READ_ONLY = "cannot be written: the file, its folder or its disk is read-only"
_BY_ERRNO = {errno.ENOSPC: _FULL, errno.EROFS: _READ_ONLY}


@contextlib.contextmanager
def errors_as_unavailable(path: Path) -> Iterator[None]:
    """Convert an error of SQLite or the file system to a HistoryUnavailableError for the user."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise HistoryUnavailableError(
            f"The history file {path} {_finding(path, error)}."
        ) from error


def _finding(path: Path, error: sqlite3.Error | OSError) -> str:
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0) or f"cannot be accessed: {error.strerror or error}"
    if is_damage(error):
        return f"is corrupt ({error}); the ingester renames it and creates a new file"
    code = primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is locked by another program"
    if code == sqlite3.SQLITE_FULL:
        return _FULL
    cannot_write = not os.access(path.parent, os.W_OK | os.X_OK)
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and cannot_write):
        return _READ_ONLY
    return f"cannot be accessed: {error}"


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of the file at ``path``; None if the file is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file; create it and its folder if missing, with access for this account only.

    Raises HistoryUnavailableError if the file belongs to another program, or was written by a newer
    version of System Monitor.
    Raises sqlite3.Error or OSError for other reasons, for example if the file is corrupt.
    """
    private_files.create_folder(path.parent)
    private_files.create_file(path)  # SQLite gives its journal the same permissions
    for each in path.parent.glob(f"{path.name}*"):
        private_files.restrict(each)  # an earlier version let all users read them
    connection = _connect(path, "rwc")
    try:
        _refuse_foreign(connection, path)  # before anything changes the file
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        # By default, Debian's SQLite overwrites deleted records, which also fills the journal.
        connection.execute("PRAGMA secure_delete = OFF")
        require_sound(connection)
        _refuse_newer(connection, path)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """Open the file read-only, or return None if no writer has created it yet."""
    if not path.exists():
        return None
    connection = _connect(path, "ro")
    try:
        _refuse_foreign(connection, path)
        if version_of(connection) == 0:
            connection.close()
            return None
        _refuse_newer(connection, path)
        _refuse_older(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Sharing the connection is safe: readers use a lock, and the writer has one thread at a time.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_MILLISECONDS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )


def require_ours(path: Path) -> None:
    """Raise HistoryUnavailableError if the file at ``path`` belongs to another program."""
    with errors_as_unavailable(path):
        if path.exists():
            with contextlib.closing(_connect(path, "ro")) as connection:
                _refuse_foreign(connection, path)


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN")  # one snapshot: a writer may be creating the tables
    with connection:
        ours = is_ours(connection)
    if not ours:
        raise HistoryUnavailableError(
            f"The file {path} is another program's database: move it away, or choose a different "
            "folder with data_dir."
        )


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    if version_of(connection) > VERSION:
        raise HistoryUnavailableError(
            f"The history file {path} was written by a newer version of System Monitor: install "
            "that version, or move the file away."
        )


def _refuse_older(connection: sqlite3.Connection, path: Path) -> None:
    if version_of(connection) < VERSION:
        raise HistoryUnavailableError(
            f"The history file {path} has an older format: start the ingester, which converts the "
            "file."
        )
