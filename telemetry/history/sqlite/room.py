"""Limits the disk space that the SQLite file and its journal use."""

import contextlib
import logging
import os
import shutil
import sqlite3
from pathlib import Path

from telemetry.errors import HistoryUnavailableError
from telemetry.history.sqlite.migrations import VERSION

log = logging.getLogger(__name__)

RESERVE_BYTES = 16_000_000
"""The disk space that the file leaves free for the journal, which is needed to delete records."""
JOURNAL_BYTES = 4_194_304
"""SQLite truncates a longer journal to this size."""
_JOURNAL_PAGES = 1000  # SQLite's default: it applies the journal when it has 4 MB
_LARGEST_JOURNAL = 64_000_000
_UNLIMITED = 2**30 - 1  # pages; SQLite's default limit


class Room:
    """Keeps the file at ``path`` within ``limit`` bytes, and its journal within 64 MB.

    Each method may raise sqlite3.Error or OSError.
    """

    def __init__(self, path: Path, limit: int) -> None:
        """Store the arguments without opening the file."""
        self._path = path
        self._journal = path.with_name(f"{path.name}-wal")
        self.limit = limit
        self._is_bound_by_disk = False
        self._cannot_shrink = False

    def restrict(self, connection: sqlite3.Connection) -> None:
        """Let the file grow up to its limit, or until only the reserve is free on the disk.

        A write that needs more space fails with SQLITE_FULL. Raises HistoryUnavailableError if the
        journal is too large and cannot be emptied.
        """
        pages, size, _ = _pages(connection)
        free = self._free_on_disk()
        if free < 2 * RESERVE_BYTES:
            # Write the journal's contents into the file now, while the disk has room for them.
            _apply_journal(connection)
        connection.execute(f"PRAGMA wal_autocheckpoint = {_JOURNAL_PAGES}")
        self._bound_journal(connection)
        self._keep_journal()
        by_disk = pages + max(0, free - RESERVE_BYTES) // size
        allowed = self.limit // size
        self._is_bound_by_disk = by_disk < allowed
        _allow(connection, min(allowed, by_disk))

    def lift(self, connection: sqlite3.Connection) -> None:
        """Lift the limit, because deleting records can make the file grow by a few pages.

        Until the next ``restrict``, SQLite writes the journal into the file as soon as the journal
        holds 2 MB. The next small transaction then fits into the 4 MB of disk space that the
        journal already takes.
        """
        _allow(connection, _UNLIMITED)
        _apply_journal(connection)
        connection.execute(f"PRAGMA wal_autocheckpoint = {_JOURNAL_PAGES // 2}")

    def is_disk_full(self, connection: sqlite3.Connection) -> bool:
        """Return whether a full disk, not the limit, caused SQLITE_FULL."""
        with contextlib.suppress(sqlite3.Error):
            _empty_journal(connection)  # the failed transaction has made it longer
        return self._is_bound_by_disk or self._free_on_disk() < RESERVE_BYTES

    def is_over_limit(self, connection: sqlite3.Connection) -> bool:
        """Return whether the records exceed the limit, which might have been lowered."""
        pages, size, unused = _pages(connection)
        return (pages - unused) * size > self.limit

    def is_ample(self, connection: sqlite3.Connection) -> bool:
        """Return whether the unused space in the file is at least a twentieth of the limit."""
        _, size, unused = _pages(connection)
        return unused * size >= self.limit // 20

    def shrink(self, connection: sqlite3.Connection) -> None:
        """Shrink the file if it exceeds its limit and the disk has room for temporary copies.

        After a failed attempt, the method does not try again.
        """
        pages, size, unused = _pages(connection)
        copies = 2 * (pages - unused) * size  # one in SQLite's temporary file, one in the journal
        fits = self._free_on_disk() > copies + RESERVE_BYTES
        if pages * size > self.limit and fits and not self._cannot_shrink:
            try:
                connection.execute("VACUUM")
                _empty_journal(connection)
            except sqlite3.OperationalError as error:
                self._cannot_shrink = True  # for example, the temporary folder is full
                log.warning("The history file %s cannot be made smaller: %s.", self._path, error)

    def _keep_journal(self) -> None:
        """Allocate the journal's space on the disk before other programs take it.

        This is safe: SQLite ignores any bytes in the journal after the last transaction. Closing a
        file releases this process's locks on it, but SQLite does not lock the journal.
        """
        if self._journal_bytes() < JOURNAL_BYTES and hasattr(os, "posix_fallocate"):
            with contextlib.suppress(OSError), self._journal.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, JOURNAL_BYTES)

    def _bound_journal(self, connection: sqlite3.Connection) -> None:
        if self._journal_bytes() > _LARGEST_JOURNAL:
            _empty_journal(connection)
            if self._journal_bytes() > _LARGEST_JOURNAL:
                raise HistoryUnavailableError(
                    f"The journal of the history file {self._path} has reached "
                    f"{_LARGEST_JOURNAL // 1_000_000} MB, because another program has been reading "
                    "the file for a long time: end that program."
                )

    def _journal_bytes(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self._journal.stat().st_size
        return 0

    def _free_on_disk(self) -> int:
        return shutil.disk_usage(self._path.parent).free


def _pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return the number of pages, the page size in bytes, and the number of unused pages."""
    names = ("page_count", "page_size", "freelist_count")
    pages, size, unused = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return pages, size, unused


def _allow(connection: sqlite3.Connection, pages: int) -> None:
    connection.execute(f"PRAGMA max_page_count = {max(1, pages)}")


def _apply_journal(connection: sqlite3.Connection) -> None:
    """Write as much of the journal into the file as possible without waiting for readers."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _empty_journal(connection: sqlite3.Connection) -> None:
    """Truncate the journal to 4 MB, and let the next transaction overwrite it from the start.

    The journal keeps these 4 MB: if other programs filled the disk, it could not grow again.
    """
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.execute(f"PRAGMA user_version = {VERSION}")  # SQLite truncates after a write
