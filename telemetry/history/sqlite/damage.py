"""A file that is no sound database any more: how that is noticed, and what becomes of it."""

import logging
import sqlite3
import time
from pathlib import Path

log = logging.getLogger(__name__)

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF  # the low byte of an extended result code (sqlite.org/rescode.html)


class DamagedError(sqlite3.DatabaseError):
    """SQLite's own check has found something."""


def is_damage(error: BaseException) -> bool:
    """Return whether ``error`` says that the file is corrupt or no database at all."""
    return isinstance(error, DamagedError) or primary_code(error) in _CORRUPT


def primary_code(error: BaseException) -> int:
    """Return SQLite's result code without its details; 0 where ``error`` has none."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def require_sound(connection: sqlite3.Connection) -> None:
    """Raise DamagedError unless all pages fit together: 2 ms for an hour of two GPUs."""
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise DamagedError(" ".join(finding.split()))


def set_aside(path: Path, why: str) -> None:
    """Rename the file at ``path`` and what SQLite keeps beside it, so that a new one can begin.

    Nothing is ever deleted. Raises OSError.
    """
    stamp = f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    kept, number = path.with_name(stamp), 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{stamp}-{number}")
    # The journal first: one that is left beside the next file would be read into that.
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    log.error("The history in %s was corrupt (%s): it is kept as %s.", path, why, kept.name)


def kept_aside(path: Path) -> list[Path]:
    """Return the files that were once at ``path`` and set aside, the oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted(each for each in found if not each.name.endswith(("-wal", "-shm")))
