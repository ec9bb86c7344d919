"""Limits the rate of log lines about events that can occur thousands of times a second."""

import logging
import time

_SECONDS = 60.0


class RateLimitedLog:
    """Writes at most one line a minute to ``logger``, and discards all other lines.

    Each line should contain the total number of events, including those whose lines were discarded.
    """

    def __init__(self, logger: logging.Logger, level: int = logging.WARNING) -> None:
        """``level`` is the log level of each line."""
        self._logger = logger
        self._level = level
        self._next = float("-inf")

    def write(self, message: str, *arguments: object) -> None:
        """Write ``message % arguments``, unless a line was written within the last minute."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS
            self._logger.log(self._level, message, *arguments)
