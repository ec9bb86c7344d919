"""Counts the contents of a recording before it is replayed. Pure."""

from collections import Counter
from collections.abc import Iterable

from telemetry.catalogue import Retention
from telemetry.recording.lines import Entry
from telemetry.samples import Sample

_STEP = 60_000


class Survey:
    """Counts each host's messages, and the samples that the history would discard as too old.

    ``speed`` is the replay's speed relative to the recording. ``hosts`` contains the number of
    messages from each host. ``elapsed`` is the length of the recording in milliseconds, and
    ``newest`` is the newest timestamp of a sample that is not late.
    """

    def __init__(self, speed: float) -> None:
        """Start with nothing counted."""
        self._speed = speed
        self._steps: Counter[int] = Counter()
        self.hosts: Counter[str] = Counter()
        self.messages = self.elapsed = self.newest = 0

    def read(self, entries: Iterable[Entry]) -> None:
        """Read all ``entries``."""
        for entry in entries:
            self.messages += 1
            self.elapsed = entry.elapsed
            content = entry.content
            if content is None or content.host is None:
                continue
            self.hosts[content.host] += 1
            if isinstance(content, Sample):
                family = entry.address.family
                if not content.late:
                    self.newest = max(self.newest, content.timestamp)
                if family is not None and family.retention is Retention.WINDOW:
                    self._steps[self._after_start(content.timestamp, entry.elapsed)] += 1

    @property
    def duration(self) -> float:
        """How long the replay takes, in milliseconds."""
        return self.elapsed / self._speed

    @property
    def stored(self) -> int:
        """The number of samples that the history would store if none were too old."""
        return self._steps.total()

    def older_than(self, window: int, begin: int, offset: int) -> int:
        """Return how many samples are older than ``window`` ms when published.

        The replay begins at ``begin``, in Unix milliseconds, and adds ``offset`` to each timestamp.
        """
        first = begin - window - offset
        return sum(number for step, number in self._steps.items() if (step + 1) * _STEP <= first)

    def _after_start(self, timestamp: int, elapsed: int) -> int:
        """Return ``timestamp`` minus the sample's position in the replay, in whole minutes.

        The smaller this difference, the older the sample is when it is published.
        """
        return round(timestamp - elapsed / self._speed) // _STEP
