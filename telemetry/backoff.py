"""Delays between attempts."""

import random

# A server may ask for an hour and recover much sooner.
_LONGEST_REQUESTED_SECONDS = 120.0


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds.

    The delays are jittered, so that many clients do not retry at the same moment. A delay that the
    server requests is respected, up to two minutes.
    """

    def __init__(self, first: float, longest: float) -> None:
        """Start with the shortest delay."""
        self._first = self._seconds = first
        self._longest = longest

    def reset(self) -> None:
        """Start again with the shortest delay, after a success."""
        self._seconds = self._first

    def next_delay(self, requested: float = 0.0) -> float:
        """Return the seconds to wait; ``requested`` is the delay that the server asks for, or 0."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts; not for security
        delay, self._seconds = jitter * self._seconds, min(2 * self._seconds, self._longest)
        return max(delay, min(requested, _LONGEST_REQUESTED_SECONDS) + jitter if requested else 0.0)
