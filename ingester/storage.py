"""Puts samples into the history, whatever it takes."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from telemetry.backoff import Backoff
from telemetry.errors import HistoryError, HistoryRejectedError, HistoryUnavailableError
from telemetry.history.port import HistoryWriter, Record
from telemetry.tally import Tally

log = logging.getLogger(__name__)

# What fails so often with an error that nobody foresaw is taken to be refused.
_UNFORESEEN_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


class _StoppedError(Exception):
    pass


class Storage:
    """Stores samples in ``history``; one that cannot be stored keeps no other from it.

    What does not go in because of the store is tried again after growing pauses, without end. What
    the store refuses is halved until the samples that it refuses are alone; these are set aside:
    counted by reason in ``set_aside``, told in the log, and given up. ``problem`` says in a
    sentence why the store does not take samples at present. ``failures`` counts the attempts that
    failed because of the store.
    """

    def __init__(self, history: HistoryWriter, stopping: threading.Event) -> None:
        """Wait no longer once ``stopping`` is set; nothing is opened yet."""
        self._history = history
        self._stopping = stopping
        self._opened = False
        self._failing_since: float | None = None
        self._refused = Tally("The history refuses a sample, which is set aside", logging.ERROR)
        self.stored = 0
        self.set_aside = self._refused.by_reason
        self.failures = 0
        self.problem: str | None = None

    @property
    def outside_window(self) -> int:
        """How many samples were left out, being older than the window or of a time to come."""
        return self._history.dropped

    def store(self, records: Sequence[Record]) -> bool:
        """Store ``records``, trying again as long as it takes; False if stopped before that."""
        parts = deque([records] if records else [])
        while parts:
            part = parts.popleft()
            try:
                refusal = self._attempt(part)
            except _StoppedError:
                return False
            if refusal is None:
                self.stored += len(part)
            elif len(part) > 1:
                middle = len(part) // 2
                parts.extendleft((part[middle:], part[:middle]))
            else:
                self._refused.note(refusal)
        return True

    def close(self) -> None:
        """Close the history."""
        self._history.close()

    def _attempt(self, records: Sequence[Record]) -> HistoryRejectedError | None:
        """Return once ``records`` are stored, or refused and why. Raises _StoppedError."""
        backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        unforeseen = 0
        while True:
            try:
                self._write(records)
            except HistoryRejectedError as refusal:
                self._note_success()  # the store answers
                return refusal
            except HistoryError as error:
                asked = error.retry_after if isinstance(error, HistoryUnavailableError) else 0.0
                self._note_failure(str(error))
            except Exception as error:  # noqa: BLE001 - no sample may be lost with it
                asked = 0.0
                unforeseen += 1
                what = f"{type(error).__name__}: {error}"
                if unforeseen == _UNFORESEEN_ATTEMPTS:
                    return HistoryRejectedError(f"{what}.", "unforeseen error")
                self._note_failure(f"The history cannot be written ({what}).")
            else:
                self._note_success()
                return None
            if self._stopping.wait(backoff.next_delay(asked)):
                raise _StoppedError

    def _write(self, records: Sequence[Record]) -> None:
        if not self._opened:
            self._history.open()
            self._opened = True
        self._history.write(records)

    def _note_failure(self, sentence: str) -> None:
        self.failures += 1
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        if sentence != self.problem:
            log.warning("%s The samples wait; trying again.", sentence)
        self.problem = sentence

    def _note_success(self) -> None:
        if self._failing_since is not None:
            seconds = time.monotonic() - self._failing_since
            log.warning("The history takes samples again after %.0f s.", seconds)
        self._failing_since = self.problem = None
