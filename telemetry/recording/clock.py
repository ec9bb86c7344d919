"""The time in a recording, derived from its samples and statuses. Pure."""

from telemetry.limits import SILENT_SECONDS
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

_LONGEST_PAUSE = int(SILENT_SECONDS * 1000)


class RecordingClock:
    """Derives the time from samples and statuses, because a recording has no arrival times.

    ``now`` is the newest timestamp, in Unix milliseconds. ``elapsed`` is the time since the first
    timestamp, in milliseconds, not counting pauses of more than two minutes. A running collector
    publishes at least once a minute. So a pause of more than two minutes means that the collector
    or the recorder was not running, or that the message before the pause was an outdated retained
    message.
    """

    def __init__(self) -> None:
        """Start at 0, before the first timestamp."""
        self.now = 0
        self.elapsed = 0

    def advance(self, content: Sample | CollectorStatus) -> None:
        """Move on to the time of ``content``; ignore older times, late samples and last wills."""
        step = content.timestamp - self.now
        if step <= 0 or self._is_past(content):
            return
        self.now = content.timestamp
        if step <= _LONGEST_PAUSE:
            self.elapsed += step

    @staticmethod
    def _is_past(content: Sample | CollectorStatus) -> bool:
        if isinstance(content, Sample):
            return content.late
        return content.last_will  # a last will has the time at which the collector started
