"""Decides when notices are sent to one target, and groups them into messages. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.notices.model import Notice
from telemetry.backoff import Backoff

_LONGEST_RETRY_SECONDS = 300.0
_LONGEST_PAUSE_SECONDS = 30.0  # then the local time is read again: the clock may be set


@dataclass(frozen=True, slots=True)
class Pace:
    """How notices are grouped and delayed.

    A message is sent ``gather`` seconds after its first notice was added, but not earlier than
    ``gap`` seconds after the previous message. A message contains at most ``batch`` notices. If
    more than ``most`` notices are waiting, the oldest is dropped. After a failed delivery, the next
    attempt is delayed by at most ``retry`` seconds. This limit doubles with each further failure,
    up to five minutes. ``quiet`` lists the quiet hours as ranges of minutes since local midnight.
    The end of a range is excluded. If the end is before the start, the range ends on the next day.
    """

    gather: float = 5.0
    gap: float = 30.0
    retry: float = 5.0
    batch: int = 1_000
    most: int = 1_000
    quiet: tuple[tuple[int, int], ...] = ()

    def is_quiet(self, minute: int) -> bool:
        """Return whether ``minute``, counted from local midnight, falls within the quiet hours."""
        return any(
            start <= minute < end if start < end else not end <= minute < start
            for start, end in self.quiet
        )


class Outbox:
    """The notices waiting to be sent to one target, oldest first.

    Times are monotonic, in seconds.
    """

    def __init__(self, pace: Pace) -> None:
        """Start empty."""
        self._pace = pace
        # By key, each with the time at which it was added.
        self._waiting: dict[str, tuple[float, Notice]] = {}
        self._not_before = float("-inf")
        self._backoff = Backoff(pace.retry, _LONGEST_RETRY_SECONDS)

    def __len__(self) -> int:
        """Return how many notices are waiting."""
        return len(self._waiting)

    def add(self, notice: Notice, now: float) -> Notice | None:
        """Add ``notice``; return the oldest notice if it was dropped to make room."""
        self._waiting[notice.key] = now, notice
        if len(self._waiting) <= self._pace.most:
            return None
        _, oldest = self._waiting.pop(next(iter(self._waiting)))
        return oldest

    def due(self, now: float, minute: int) -> Sequence[Notice]:
        """Return the notices to send now, in one message; ``minute`` counts from local midnight."""
        free = self._free(minute)
        if not free or now < self._due_at(free):
            return []
        return [notice for _, notice in free[: self._pace.batch]]

    def pause(self, now: float, minute: int) -> float | None:
        """Return how many seconds to wait before calling ``due``; None if no notice is waiting."""
        if not self._waiting:
            return None
        free = self._free(minute)
        return min(
            max(0.0, self._due_at(free) - now) if free else _LONGEST_PAUSE_SECONDS,
            _LONGEST_PAUSE_SECONDS,
        )

    def remove(self, notices: Sequence[Notice], now: float) -> None:
        """Remove ``notices``, which have been sent or will not be retried."""
        for notice in notices:
            self._waiting.pop(notice.key, None)
        self._not_before = now + self._pace.gap
        self._backoff.reset()

    def delay(self, now: float) -> None:
        """Delay the next message after a failed delivery."""
        self._not_before = now + self._backoff.next_delay()

    def _free(self, minute: int) -> list[tuple[float, Notice]]:
        quiet = self._pace.is_quiet(minute)
        return [each for each in self._waiting.values() if each[1].urgent or not quiet]

    def _due_at(self, free: Sequence[tuple[float, Notice]]) -> float:
        return max(free[0][0] + self._pace.gather, self._not_before)
