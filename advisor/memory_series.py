"""Tracks the memory of one process, device or host: whether it grows, and until when."""

from dataclasses import dataclass, field

from advisor.envelope import Envelope
from advisor.growth import LARGEST_STEP, Growth, find_growth

# Tuned on the even seeds of `python -m tests.benchmarks.findings`.
RELEASED = 0.25  # of the growth: if less of it is left, the memory was released
STILL_GROWING = 0.1  # of the growth: this much must follow within the same time again, or 20 min
PATIENCE_SECONDS = 20 * 60.0
FULL = 0.95  # of the limit: growth that got this far probably ended in a failure
AGAIN = 1.25  # times a released growth: the next one of the same process has to exceed this
RECORD = 0.3  # of the growth: peaks have to exceed earlier ones by this much


@dataclass(slots=True)
class MemorySeries:
    """One series, in bytes and seconds. ``label`` names its owner.

    ``born`` is when its process began, or ``-inf`` if it has no beginning, such as RAM. Only a
    series with a beginning has to grow beyond all its earlier peaks, because RAM has served other
    programs before.
    """

    label: str
    born: float
    limit: float = 0.0
    found: Growth | None = None
    largest_step: float = LARGEST_STEP  # of the growth
    _envelope: Envelope = field(default_factory=Envelope)
    _closed: int = 0
    _released: float = 0.0
    _highest: float = 0.0  # level of the growth that was found
    _risen: float = 0.0  # its level when it last grew, and when that was
    _risen_at: float = 0.0

    def add(self, time: float, used: float, limit: float) -> bool:
        """Add a value; return whether there is something new to judge."""
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
        """Track ``found`` until it ends."""
        if self.found is None:
            self._risen = self._highest = found.base + found.size
            self._risen_at = found.end
        self.found = found

    def has_ended(self) -> bool:
        """Return whether the growth that was found is over; if so, forget it."""
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
