"""Distinguishes leaks from dataset loading, during which RAM use grows with the data read."""

import math
from bisect import bisect_right
from itertools import pairwise

from advisor.envelope import Envelope
from advisor.growth import Growth
from advisor.readings import Reading
from advisor.trend import floor

LOAD_SECONDS = 3 * 3600.0  # the longest time that loading a dataset may take
READ = (0.3, 1.5)  # least and most bytes read per byte of growth; files may be compressed
MORE_THAN_BEFORE = 2.0  # times the bytes read in an equal time before: fewer bytes are no load
TOGETHER = 0.5  # of the growth: at least this much must happen while the data is read
_LONGEST_STEP = 120.0  # seconds: a rate is assumed to hold for at most this long
_MEGABYTE = 1e6


class Reads:
    """The number of bytes read from one source, over the last few days."""

    def __init__(self) -> None:
        """Start with no bytes read."""
        self._totals = Envelope()
        self._began = -math.inf  # when the newest load began

    def add(self, now: float, total: float) -> None:
        """Record that ``total`` bytes had been read by ``now`` (seconds)."""
        self._totals.add(now, total)

    def explain(self, found: Growth) -> bool:
        """Return whether reading data explains the growth in RAM use.

        It does if RAM use grew by about as many bytes as were read, and at least half of the growth
        happened while data was being read. In addition, less than half as much must have been read
        in the equally long period just before the growth, unless the growth began within
        LOAD_SECONDS of the newest load's start. Without this comparison, a leak in a training run
        that constantly reads data would be missed. A load explains only growth that ends
        within LOAD_SECONDS of the load's start.
        """
        times, lows, _ = found.stretch
        read = [self.between(*each) for each in pairwise(times)]
        ratio = sum(read) / found.size
        if not READ[0] <= ratio <= READ[1]:
            return False
        grown = [later - earlier for earlier, later in pairwise(floor(lows))]
        together = sum(map(min, grown, (each / ratio for each in read)))
        if together < TOGETHER * found.size:
            return False
        if found.start > self._began + LOAD_SECONDS:  # not a part of the newest load
            before = self.between(2 * found.start - found.end, found.start)
            if sum(read) <= MORE_THAN_BEFORE * before:
                return False
            self._began = found.start
        return found.end <= self._began + LOAD_SECONDS

    def between(self, start: float, end: float) -> float:
        """Return the number of bytes read between two times (in seconds); 0 if unknown."""
        before, after = self._at(start), self._at(end)
        return 0.0 if before is None or after is None else after - before

    def _at(self, time: float) -> float | None:
        """Return the number of bytes read until ``time``, interpolated; None if not known."""
        for level in range(self._totals.levels):
            times, totals, _ = self._totals.closed(level)
            if times and times[0] <= time:
                next_ = bisect_right(times, time)
                if next_ == len(times):
                    return totals[-1]
                share = (time - times[next_ - 1]) / (times[next_] - times[next_ - 1])
                return totals[next_ - 1] + share * (totals[next_] - totals[next_ - 1])
        return None


class Loads:
    """The data that a host reads from its disks and from the network."""

    def __init__(self) -> None:
        """Start with no bytes read."""
        self._reads = {"disk": Reads(), "network": Reads()}
        self._totals: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def note(self, reading: Reading) -> None:
        """Add the bytes read since the previous reading of the family (``disk`` or ``network``)."""
        now, family = reading.timestamp / 1000, reading.family
        rate = reading.values.get("read_rate" if family == "disk" else "download_rate") or 0.0
        step = now - self._last.get(family, now)
        self._last[family] = now
        total = self._totals.get(family, 0.0)
        total += rate * _MEGABYTE * min(max(step, 0.0), _LONGEST_STEP)
        self._totals[family] = total
        self._reads[family].add(now, total)

    def explain(self, found: Growth, own: Reads | None = None) -> bool:
        """Return whether reading from the disks or the network explains the growth in RAM use.

        ``own``, if known, counts the bytes read by the processes whose memory grows.
        It replaces the bytes read from the disks, which include other programs' reads.
        """
        sources = own or self._reads["disk"], self._reads["network"]
        return any(each.explain(found) for each in sources)
