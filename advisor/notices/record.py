"""The record of notices in a small file, so that a restart neither repeats nor loses any."""

import contextlib
import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from advisor.notices.model import Notice
from telemetry import private_files
from telemetry.events import Event
from telemetry.log_limit import RateLimitedLog

log = logging.getLogger(__name__)

MOST = 20_000  # more than a broker of 1,000 hosts retains
_BUSY_SECONDS = 1.0
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS notice (key TEXT PRIMARY KEY, targets TEXT, event TEXT)",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
)


class Record:
    """Stores the latest ``MOST`` notices and the targets yet to receive them. Thread-safe.

    The record is kept both in memory and in the file. While the file cannot be read or written,
    ``problem`` is a sentence that says why. Notices are still sent, but some may be repeated or
    lost after a restart.
    """

    def __init__(self, path: Path) -> None:
        """Use the file at ``path``, which ``open`` opens."""
        self._path = path
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        # The targets that have yet to receive each notice, by the key of the notice.
        self._known: dict[str, set[str]] = {}
        self._log = RateLimitedLog(log)
        self.problem: str | None = None

    def open(self) -> Sequence[tuple[str, Event, Sequence[str]]]:
        """Read the file; return the key, event and targets of each waiting notice, oldest first.

        A corrupt file is deleted. If the file cannot be read, the list is empty.
        """
        with self._lock:
            try:
                rows = self._rows()
            except (sqlite3.Error, OSError) as error:
                self._report(error)
                return []
        self._known = {key: set(json.loads(targets)) for key, targets, _ in rows}
        return [(key, _event(text), json.loads(targets)) for key, targets, text in rows if text]

    def close(self) -> None:
        """Close the file. Safe to call twice, and before ``open``."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def knows(self, key: str) -> bool:
        """Return whether the notice with this ``key`` was added before."""
        return key in self._known

    def add(self, notice: Notice, targets: Iterable[str]) -> None:
        """Add ``notice``, which has yet to be sent to ``targets``."""
        with self._lock:
            names = self._known[notice.key] = set(targets)
            row = notice.key, json.dumps(sorted(names)), _text(notice.event) if names else None
            self._write("INSERT OR REPLACE INTO notice VALUES (?, ?, ?)", [row])
            if len(self._known) > MOST:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._write("DELETE FROM notice WHERE key = ?", [(oldest,)])

    def settle(self, keys: Iterable[str], target: str) -> None:
        """Record that ``target`` no longer needs the notices with these ``keys``."""
        with self._lock:
            changed = [key for key in keys if target in self._known.get(key, ())]
            for key in changed:
                self._known[key].remove(target)
            rows = [(json.dumps(sorted(self._known[key])), key) for key in changed]
            self._write("UPDATE notice SET targets = ? WHERE key = ?", rows)
            ended = [(key,) for key in changed if not self._known[key]]
            self._write("UPDATE notice SET event = NULL WHERE key = ?", ended)

    def _rows(self) -> list[tuple[str, str, str | None]]:
        query = "SELECT key, targets, event FROM notice ORDER BY rowid"
        try:
            return self._opened().execute(query).fetchall()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, full or not writable
                raise
            log.warning(
                "The record of notices %s is corrupt (%s) and was deleted: notices about active "
                "findings will be sent again.",
                self._path,
                error,
            )
            self._close_failed()
            for suffix in ("-wal", "-shm", ""):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return self._opened().execute(query).fetchall()

    def _opened(self) -> sqlite3.Connection:
        if self._file is None:
            private_files.create_folder(self._path.parent)
            private_files.create_file(self._path)
            self._file = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, check_same_thread=False)
            for statement in _SCHEMA:
                self._file.execute(statement)
        return self._file

    def _write(self, statement: str, rows: Sequence[tuple[str | None, ...]]) -> None:
        if not rows:
            return
        try:
            with self._opened() as file:
                file.executemany(statement, rows)
            self.problem = None
        except (sqlite3.Error, OSError) as error:
            self._close_failed()
            self._report(error)

    def _close_failed(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(sqlite3.Error):
                file.close()

    def _report(self, error: Exception) -> None:
        self.problem = (
            f"The record of notices {self._path} cannot be read or written ({error}): after "
            "a restart, notices may be sent twice, and waiting notices may be lost."
        )
        self._log.write("%s", self.problem)


def _text(event: Event) -> str:
    return json.dumps({"channel": event.channel, **event.body()})


def _event(text: str) -> Event:
    values = json.loads(text)
    names = ("channel", "id", "timestamp", "host")
    channel, identity, timestamp, host = (values.pop(name) for name in names)
    return Event(channel, identity, timestamp, host, values)
