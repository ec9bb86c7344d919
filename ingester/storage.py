"""Writes samples and events to the history, and retries until they are stored."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from telemetry.backoff import Backoff
from telemetry.errors import HistoryError, HistoryRejectedError, HistoryUnavailableError
from telemetry.history.port import HistoryWriter, Record
from telemetry.log_limit import RateLimitedLog
from telemetry.tally import Tally

log = logging.getLogger(__name__)

# A part of a batch that fails this many times with an unexpected error counts as rejected.
_UNEXPECTED_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


class _StoppedError(Exception):
    pass


class Storage:
    """Stores records in ``history``; a rejected record does not block the others.

    While the store is not usable, a write is retried indefinitely, with growing pauses. A batch
    that the store rejects, or that fails five times with an unexpected error, is halved until the
    rejected records are isolated. Rejected records are logged, counted by reason in ``rejected``,
    and discarded. ``problem`` is a sentence that says why the store accepts no records at present,
    or None if it accepts them. ``failures`` counts failed attempts, but not rejections.
    """

    def __init__(self, history: HistoryWriter, stopping: threading.Event) -> None:
        """Open nothing yet. Failed writes are retried until ``stopping`` is set."""
        self._history = history
        self._stopping = stopping
        self._opened = False
        self._failing_since: float | None = None
        self._rejected = Tally(
            "Discarded a sample or event that the history rejected", logging.ERROR
        )
        self._minutes = RateLimitedLog(log)
        self.stored = 0
        self.rejected = self._rejected.by_reason
        self.failures = 0
        self.problem: str | None = None

    @property
    def outside_window(self) -> int:
        """How many samples and events were discarded as too old or too far in the future."""
        return self._history.dropped

    @property
    def evicted(self) -> int:
        """How many stored records were deleted early, because the history was full."""
        return self._history.evicted

    def open(self) -> bool:
        """Open the history, retrying until it is open; return False if stopped before that."""
        try:
            self._attempt(())
        except _StoppedError:
            return False
        return True

    def store(self, records: Sequence[Record]) -> bool:
        """Store or reject all ``records``, retrying failures; return False if stopped midway."""
        parts = deque([records] if records else [])
        while parts:
            part, dropped = parts.popleft(), self._history.dropped
            try:
                rejection = self._attempt(part)
            except _StoppedError:
                return False
            if rejection is None:
                self.stored += len(part) - (self._history.dropped - dropped)
            elif len(part) > 1:
                middle = len(part) // 2
                parts.extendleft((part[middle:], part[:middle]))
            else:
                self._rejected.note(rejection)
        return True

    def roll_up(self) -> bool:
        """Compute some one-minute points in the history; return whether more points are due.

        The history must be open. Never raises. A failure is counted and logged, and the result is
        False; a later call tries again.
        """
        try:
            return self._history.roll_up()
        except Exception as error:  # noqa: BLE001 - no error may stop the storing of samples
            self.failures += 1
            known = isinstance(error, HistoryError)
            what = str(error) if known else f"{type(error).__name__}: {error}."
            self._minutes.write(
                "The one-minute points of the history could not be computed: %s", what
            )
            return False

    def close(self) -> None:
        """Close the history."""
        self._history.close()

    def _attempt(self, records: Sequence[Record]) -> HistoryRejectedError | None:
        """Store ``records``; return the error if the store rejects them. Raises _StoppedError."""
        backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        unexpected = 0
        while True:
            try:
                self._write(records)
            except HistoryRejectedError as rejection:
                self._note_success()  # the store responds
                return rejection
            except HistoryError as error:
                requested = error.retry_after if isinstance(error, HistoryUnavailableError) else 0.0
                self._note_failure(str(error))
            except Exception as error:  # noqa: BLE001 - no error may lose a sample
                requested = 0.0
                unexpected += 1
                what = f"{type(error).__name__}: {error}"
                if unexpected == _UNEXPECTED_ATTEMPTS:
                    return HistoryRejectedError(f"{what}.", "unforeseen error")
                self._note_failure(f"The history could not be written ({what}).")
            else:
                self._note_success()
                return None
            if self._stopping.wait(backoff.next_delay(requested)):
                raise _StoppedError

    def _write(self, records: Sequence[Record]) -> None:
        if not self._opened:
            self._history.open()
            self._opened = True
        if records:
            self._history.write(records)

    def _note_failure(self, sentence: str) -> None:
        self.failures += 1
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        if sentence != self.problem:
            log.warning("%s Samples are being held; retrying.", sentence)
        self.problem = sentence

    def _note_success(self) -> None:
        if self._failing_since is not None:
            seconds = time.monotonic() - self._failing_since
            log.warning("The history is storing samples again after an outage of %.0f s.", seconds)
        self._failing_since = self.problem = None
