"""Messages that are no samples: counted by reason, and logged now and then."""

import logging
import time
from collections import Counter

from telemetry.errors import MalformedMessage

log = logging.getLogger(__name__)

_LOG_SECONDS = 60.0  # between two lines


class MalformedTally:
    """``by_reason`` counts them; what is logged tells of one, and of how many there were."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_reason: Counter[str] = Counter()
        self._next_log = 0.0

    def note(self, error: MalformedMessage) -> None:
        """Count a message, and log it where the last line lies long enough back."""
        self.by_reason[error.reason] += 1
        now = time.monotonic()
        if now >= self._next_log:
            self._next_log = now + _LOG_SECONDS
            total = self.by_reason.total()
            log.warning("A message is no sample (%s); %d such so far.", error, total)
