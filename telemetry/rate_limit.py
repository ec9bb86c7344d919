"""A token bucket: bounds how often something may happen, and so how much of it there can be."""

import math
import time
from collections.abc import Callable


class RateLimit:
    """Allows ``burst`` at once, and ``per_minute`` on average after that.

    Used by one thread at a time.
    """

    def __init__(
        self, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with the whole burst; ``clock`` returns seconds."""
        self._burst = float(burst)
        self._per_second = per_minute / 60
        self._clock = clock
        self._left = float(burst)
        self._updated = clock()

    def take(self) -> int:
        """Take one; return 0, or the whole seconds after which to try again if none is left."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._updated) * self._per_second)
        self._updated = now
        if self._left >= 1:
            self._left -= 1
            return 0
        return math.ceil((1 - self._left) / self._per_second)
