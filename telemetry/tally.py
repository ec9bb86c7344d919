"""What had to be left out: counted by reason, and logged now and then."""

import logging
import time
from collections import Counter

from telemetry.errors import HistoryRejectedError, MalformedMessageError

log = logging.getLogger(__name__)

_LOG_SECONDS = 60.0  # between two lines


class Tally:
    """``by_reason`` counts; what is logged tells of one, and of how many there were."""

    def __init__(self, what: str, level: int = logging.WARNING) -> None:
        """Begin with none; ``what`` begins the lines, such as ``A message is no sample``."""
        self.by_reason: Counter[str] = Counter()
        self._what = what
        self._level = level
        self._next_log = 0.0

    def note(self, error: MalformedMessageError | HistoryRejectedError) -> None:
        """Count one, and log it where the last line lies long enough back."""
        self.by_reason[error.reason] += 1
        now = time.monotonic()
        if now >= self._next_log:
            self._next_log = now + _LOG_SECONDS
            total = self.by_reason.total()
            log.log(self._level, "%s (%s); %d such so far.", self._what, error, total)
