"""How long to wait before the next attempt."""

import random

# A server that has recovered must not be left alone for an hour.
_LONGEST_REQUESTED_SECONDS = 120.0


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds.

    Each is shortened at random, so that many clients do not return at the same moment. A delay that
    the server requests is respected, up to two minutes.
    """

    def __init__(self, first: float, longest: float) -> None:
        """Begin with the shortest delay."""
        self._first = self._seconds = first
        self._longest = longest

    def reset(self) -> None:
        """Begin with the shortest delay again, after a success."""
        self._seconds = self._first

    def next_delay(self, requested: float = 0.0) -> float:
        """Return the seconds to wait; the server has ``requested`` at least so many, or 0."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts, guards nothing
        delay, self._seconds = jitter * self._seconds, min(2 * self._seconds, self._longest)
        return max(delay, min(requested, _LONGEST_REQUESTED_SECONDS) + jitter if requested else 0.0)
