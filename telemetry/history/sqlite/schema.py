"""The tables of the SQLite file, and how it is opened.

A row of ``sample`` holds one sample's values of ``BLOCK`` fields. Which slot a field has is in
``field``; slots 0 to 15 are in block 0, the next 16 in block 1, and so on. Every sample has a row
in block 0, even where all its values are null; in another block, where it has a value there.

Rows this wide make a tick of seven samples write seven pages, where a row for each value would
write one page for each field, and make an hour a few thousand rows to aggregate.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from telemetry.errors import HistoryUnavailableError
from telemetry.history.sqlite.damage import is_damage, primary_code, require_sound

VERSION = 1
BLOCK = 16
VALUES = tuple(f"v{index}" for index in range(BLOCK))

_BUSY_MILLISECONDS = 5000
_JOURNAL_BYTES = 4_194_304  # where SQLite's checkpoints begin: 1000 pages of 4 KiB

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS channel (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (host, name)
);
CREATE TABLE IF NOT EXISTS field (
    channel_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (channel_id, slot),
    UNIQUE (channel_id, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sample (
    channel_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    {" REAL, ".join(VALUES)} REAL,
    PRIMARY KEY (channel_id, block, timestamp)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""


@contextlib.contextmanager
def errors_as_unavailable(path: Path) -> Iterator[None]:
    """Turn what SQLite or the file system raises into one sentence for a user."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise HistoryUnavailableError(f"The history in {path} {_finding(path, error)}.") from error


def _finding(path: Path, error: sqlite3.Error | OSError) -> str:
    if is_damage(error):
        return f"is corrupt ({error}); the ingester sets it aside and begins a new one"
    code = primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is locked by another program"
    if code == sqlite3.SQLITE_FULL:
        return "cannot be written: the disk is full"
    folder = path.parent
    cannot_write = folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK)
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and cannot_write):
        return "cannot be written: it, its folder or its disk is read-only"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"cannot be used: {reason}"


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at ``path`` from another of its name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file, creating it and its folder where they are missing.

    Raises sqlite3.Error, also where the file is not sound, or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
        require_sound(connection)
        if _version(connection) == 0:
            connection.executescript(_TABLES)
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """Open the file read-only, or return None where no writer has created it yet."""
    if not path.exists():
        return None
    connection = _connect(path, "ro")
    try:
        if _version(connection) == 0:
            connection.close()
            return None
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Each half has a lock of its own or is used by one thread at a time.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_MILLISECONDS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) != VERSION:
        raise HistoryUnavailableError(
            f"The history in {path} was written by another version of System Monitor: "
            "move the file away."
        )
