"""Distinguishes a dataset that is read into RAM from a leak: RAM grows by as much as is read."""

import math

from advisor.envelope import Envelope
from advisor.growth import Growth
from advisor.readings import Reading

LOAD_SECONDS = 3 * 3600.0  # a dataset is read within this time
READ = (0.3, 1.5)  # range of what is read, relative to the growth: files may be compressed
MORE_THAN_BEFORE = 2.0  # and relative to what was read in an equal time before, at least
_LONGEST_STEP = 120.0  # seconds: a rate does not hold for longer than this
_MEGABYTE = 1e6


class Loads:
    """Adds up the bytes that disks and network interfaces read over the last days."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._total = 0.0
        self._sums = Envelope()
        self._last: dict[str, float] = {}
        self._began = -math.inf  # the newest load

    def note(self, reading: Reading) -> None:
        """Add the bytes that a reading of ``disk`` or ``network`` reports."""
        now = reading.timestamp / 1000
        field = "read_rate" if reading.family == "disk" else "download_rate"
        rate = reading.values.get(field) or 0.0
        step = now - self._last.get(reading.family, now)
        self._last[reading.family] = now
        self._total += rate * _MEGABYTE * min(max(step, 0.0), _LONGEST_STEP)
        self._sums.add(now, self._total)

    def explain(self, found: Growth) -> bool:
        """Return whether reading from disks and network explains the growth of RAM.

        It does if about as much was read as RAM grew by, and if the reading began with the growth:
        a training run that reads its data all the time explains no growth.
        """
        low, high = (times * found.size for times in READ)
        read = self.between(found.start, found.end)
        if not low <= read <= high:
            return False
        if found.start > self._began + LOAD_SECONDS:  # not part of the load that is known
            if read <= MORE_THAN_BEFORE * self.between(2 * found.start - found.end, found.start):
                return False
            self._began = found.start
        return found.end <= self._began + LOAD_SECONDS

    def between(self, start: float, end: float) -> float:
        """Return the bytes read between two times, in seconds; 0 if that is not known."""
        for level in range(self._sums.levels):
            times, sums, _ = self._sums.closed(level)
            if times and times[0] <= start:
                read = [total for time, total in zip(times, sums, strict=True) if time >= start]
                last = sum(time <= end for time in times if time >= start)
                return read[last - 1] - read[0] if last else 0.0
        return 0.0
