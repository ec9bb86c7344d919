"""Counts rejected messages and records by reason, and logs them."""

import logging
from collections import Counter
from weakref import WeakValueDictionary

from telemetry.errors import HistoryRejectedError, MalformedMessageError
from telemetry.log_limit import RateLimitedLog

log = logging.getLogger(__name__)


# Several parts of a process may reject the same message. Parts that log the same sentence share one
# rate-limited log, so that the rejection is logged only once.
_logs: WeakValueDictionary[str, RateLimitedLog] = WeakValueDictionary()


class Tally:
    """Counts rejections in ``by_reason``; logs at most one rejection a minute, with the total.

    Tallies with the same ``what`` share this limit.
    """

    def __init__(self, what: str, level: int = logging.WARNING) -> None:
        """Begin each log line with ``what``, such as ``Message is not a valid sample or event``."""
        self.by_reason: Counter[str] = Counter()
        self._what = what
        self._log = _logs.setdefault(what, RateLimitedLog(log, level))

    def note(self, error: MalformedMessageError | HistoryRejectedError) -> None:
        """Count one rejection."""
        self.by_reason[error.reason] += 1
        self._log.write("%s (%s); %d so far.", self._what, error, self.by_reason.total())
