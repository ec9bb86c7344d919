"""Rate-limited log lines, for events that may occur thousands of times a second."""

import logging
import time

_SECONDS = 60.0


class RateLimitedLog:
    """Writes to ``logger`` at most one line a minute; the others are discarded.

    Each line should give a total, so that the next line covers those that were discarded.
    """

    def __init__(self, logger: logging.Logger, level: int = logging.WARNING) -> None:
        """Write at ``level``."""
        self._logger = logger
        self._level = level
        self._next = float("-inf")

    def write(self, message: str, *arguments: object) -> None:
        """Write ``message % arguments``, unless a line was written within the last minute."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS
            self._logger.log(self._level, message, *arguments)
