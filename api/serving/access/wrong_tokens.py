"""Counts and logs requests with a wrong token, but does not delay them (see docs/decisions.md)."""

import logging

from telemetry.log_limit import RateLimitedLog
from telemetry.reports import Report, counter

log = logging.getLogger(__name__)


class WrongTokens:
    """Counts the requests with a wrong token; logs the client's address at most once a minute."""

    def __init__(self) -> None:
        """Start the count at zero."""
        self._count = 0
        self._log = RateLimitedLog(log)

    def note(self, address: str) -> None:
        """Count a request with a wrong token from ``address``."""
        self._count += 1
        self._log.write(
            "Wrong token from %s. Requests with a wrong token so far, from all addresses: %d.",
            address,
            self._count,
        )

    def report(self) -> Report:
        """Return the count."""
        count = counter("wrong_tokens", "Requests with a wrong token", self._count)
        return Report("access", None, (count,))
