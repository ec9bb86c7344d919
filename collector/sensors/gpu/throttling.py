"""Computes the share of the last five minutes in which each throttle reason was active."""

from collections import Counter, deque
from collections.abc import Collection, Mapping
from typing import NamedTuple

WINDOW_SECONDS = 300.0
_LONGEST_STEP_SECONDS = 65.0  # the longest interval between two readings, plus some delay


class _Step(NamedTuple):
    end: float
    milliseconds: int
    reasons: tuple[str, ...]


class ThrottleShares:
    """Adds up how long each throttle reason was active in the last ``WINDOW_SECONDS``.

    A reason that is active at a reading counts as active since the previous reading. The shares
    cover only the time in which the GPU reported its reasons. Intervals of more than 65 s
    between readings are not counted.
    """

    def __init__(self) -> None:
        """Start with no readings."""
        self._last: float | None = None
        self._steps: deque[_Step] = deque()
        # The sums by reason. They are whole numbers, so that they stay exact.
        self._milliseconds: Counter[str] = Counter()
        self._total = 0

    def note(self, now: float, reasons: Collection[str] | None) -> None:
        """Add the throttle reasons of a reading.

        ``now`` is the monotonic time of the reading in seconds. ``reasons`` is None if the GPU did
        not report them.
        """
        last, self._last = self._last, now
        if last is not None and reasons is not None and 0 < now - last <= _LONGEST_STEP_SECONDS:
            step = _Step(now, round((now - last) * 1000), tuple(reasons))
            self._steps.append(step)
            self._add(step, step.milliseconds)
        while self._steps and self._steps[0].end <= now - WINDOW_SECONDS:
            step = self._steps.popleft()
            self._add(step, -step.milliseconds)

    def shares(self) -> Mapping[str, float] | None:
        """Return the percentage of the counted time in which each reason was active.

        Reasons that were never active are omitted. Returns None if no time has been counted.
        """
        if not self._total:
            return None
        return {
            reason: round(100 * milliseconds / self._total, 1)
            for reason, milliseconds in sorted(self._milliseconds.items())
            if milliseconds
        }

    def _add(self, step: _Step, milliseconds: int) -> None:
        self._total += milliseconds
        for reason in step.reasons:
            self._milliseconds[reason] += milliseconds
