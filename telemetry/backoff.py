"""Delays between attempts."""

import random

# The longest delay that a server can impose. It may request an hour, and recover much sooner.
_LONGEST_REQUESTED_SECONDS = 120.0


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds.

    Random jitter keeps many clients from retrying at the same moment. A longer delay
    requested by the server is respected, up to two minutes.
    """

    def __init__(self, first: float, longest: float) -> None:
        """Start with the shortest delay."""
        self._first = self._seconds = first
        self._longest = longest

    def reset(self) -> None:
        """Start again with the shortest delay; call this after a success."""
        self._seconds = self._first

    def next_delay(self, requested: float = 0.0) -> float:
        """Return the seconds to wait; ``requested`` is the delay that the server requests, or 0."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts; not for security
        delay, self._seconds = jitter * self._seconds, min(2 * self._seconds, self._longest)
        return max(delay, min(requested, _LONGEST_REQUESTED_SECONDS) + jitter if requested else 0.0)
