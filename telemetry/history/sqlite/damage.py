"""Detects a corrupt database file, and renames it."""

import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_ROWS = 1_000_000  # about 130 MB of the file, which take 0.1 s of CPU time to read
_IDS = "SELECT id FROM channel WHERE id > ? ORDER BY id"
_READ = (
    "SELECT (SELECT count(*) FROM sample WHERE channel_id = :channel) + "
    "(SELECT count(*) FROM minute WHERE channel_id = :channel)"
)
_PRIMARY = 0xFF  # the low byte of an extended result code (sqlite.org/rescode.html)


class DamagedError(sqlite3.DatabaseError):
    """SQLite's quick check has found an error."""


def is_damage(error: BaseException) -> bool:
    """Return whether ``error`` means that the file is corrupt or not a database."""
    return isinstance(error, DamagedError) or primary_code(error) in _CORRUPT


def primary_code(error: BaseException) -> int:
    """Return SQLite's primary result code for ``error``, or 0 if it has none."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def require_sound(connection: sqlite3.Connection, tables: Sequence[str] = ("1",)) -> None:
    """Raise DamagedError if SQLite's quick check finds an error in ``tables``.

    By default, the whole file is checked, which takes 2 s for an 800 MB file.
    """
    for each in tables:
        (finding,) = connection.execute(f"PRAGMA quick_check({each})").fetchone()
        if finding != "ok":
            raise DamagedError(" ".join(finding.split()))


def read_some(connection: sqlite3.Connection, after: int) -> int:
    """Read the rows of channels with ids above ``after``, to find invalid pages.

    Read one channel after another until more than ``_ROWS`` rows have been read, and return the id
    of the last channel that was read. Return 0 if there are no more than ``_ROWS`` such rows.
    SQLite raises an error when it reads an invalid page.
    """
    rows = 0
    for (channel,) in connection.execute(_IDS, (after,)).fetchall():
        rows += connection.execute(_READ, {"channel": channel}).fetchone()[0]
        if rows > _ROWS:
            return int(channel)
    return 0


def rename_damaged(path: Path, why: str) -> None:
    """Rename the file at ``path`` and its journals, so that a new file can be created.

    Never deletes anything. Raises OSError.
    """
    stamp = f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    kept, number = path.with_name(stamp), 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{stamp}-{number}")
    # Rename the journal first: if only the file were renamed before a crash, SQLite would apply
    # the old journal to the new file.
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    log.error("The history file %s is corrupt (%s); it was renamed to %s.", path, why, kept.name)


def renamed_files(path: Path) -> list[Path]:
    """Return the corrupt files that were renamed from ``path``, oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted(each for each in found if not each.name.endswith(("-wal", "-shm")))
