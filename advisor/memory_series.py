"""Tracks the use of one memory or file system, to detect growth and its end."""

from dataclasses import dataclass, field

from advisor.envelope import Envelope
from advisor.growth import LARGEST_STEP, Growth, find_growth

# Tuned on the even seeds of `python -m tests.benchmarks.findings`.
RELEASED = 0.25  # of the growth: if less of it is still in use, the memory was released
# Of the growth. The growth continues if the memory grows by this much within the length of the
# stretch in which the growth was found, or within ``PATIENCE_SECONDS`` if that is longer.
STILL_GROWING = 0.1
PATIENCE_SECONDS = 20 * 60.0
FULL = 0.95  # of the limit: growth beyond this probably ended in a crash, not in a release
AGAIN = 1.25  # times a growth whose memory was released: later growth has to be larger
RECORD = 0.3  # of the growth: its peak has to exceed all earlier peaks by this much


@dataclass(slots=True)
class MemorySeries:
    """The memory in use over time, in bytes and seconds.

    ``label`` names the process, run or memory in the summaries of findings. ``born`` is when the
    process or run began, when the GPU was last nearly empty, or ``-inf`` for memory that is always
    in use, such as RAM. Growth is reported only if the memory in use clearly exceeds all
    earlier peaks since ``born``. If ``born`` is ``-inf``, earlier peaks are ignored, because they
    may belong to other programs.
    """

    label: str
    born: float
    limit: float = 0.0
    found: Growth | None = None
    largest_step: float = LARGEST_STEP  # of the growth
    _envelope: Envelope = field(default_factory=Envelope)
    _closed: int = 0
    _released: float = 0.0
    _highest: float = 0.0  # floor that the growth has reached
    _risen: float = 0.0  # floor when the growth last continued
    _risen_at: float = 0.0  # when the growth last continued

    def add(self, time: float, used: float, limit: float) -> bool:
        """Add a value; return True if a bucket has closed and the series should be judged again."""
        self.limit = limit
        self._closed = self._envelope.add(time, used)
        return self._closed > 0

    def growth(self, smallest: float) -> Growth | None:
        """Return the growth that the series shows, if it is at least ``smallest`` bytes."""
        found = find_growth(self._envelope, self._closed, self.limit, smallest, self.largest_step)
        if found is None or found.size < AGAIN * self._released:
            return None
        if self.born >= 0:
            before = self._envelope.highest(self.born, found.start)
            if found.peak < before + RECORD * found.size:
                return None
        return found

    def accept(self, found: Growth) -> None:
        """Track ``found`` as the current growth until it ends."""
        if self.found is None:
            self._risen = self._highest = found.base + found.size
            self._risen_at = found.end
        self.found = found

    def has_ended(self) -> bool:
        """Return whether the tracked growth has ended; if so, stop tracking it."""
        found = self.found
        if found is None:
            return False
        times, lows, _ = self._envelope.closed(0)
        time, low = times[-1], lows[-1]
        if low < found.base + RELEASED * found.size:
            if self._highest < FULL * self.limit:
                self._released = max(self._released, self._highest - found.base)
            self.found = None
            return True
        self._highest = max(self._highest, low)
        if low >= self._risen + STILL_GROWING * found.size:
            self._risen, self._risen_at = low, time
        if time - self._risen_at > max(PATIENCE_SECONDS, found.end - found.start):
            self.found = None
        return self.found is None
