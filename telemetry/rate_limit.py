"""Limits how often something may happen, with a token bucket."""

import math
import time
from collections.abc import Callable


class RateLimit:
    """Allows ``burst`` actions immediately, then ``per_minute`` actions a minute on average.

    Not thread-safe.
    """

    def __init__(
        self, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with a full bucket; ``clock`` returns seconds."""
        self._burst = float(burst)
        self._per_second = per_minute / 60
        self._clock = clock
        self._left = float(burst)
        self._updated = clock()

    def take(self) -> int:
        """Take a token and return 0; if no token is left, return how many seconds to wait."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._updated) * self._per_second)
        self._updated = now
        if self._left >= 1:
            self._left -= 1
            return 0
        return math.ceil((1 - self._left) / self._per_second)
