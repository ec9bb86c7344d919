"""The envelope of a series: the lowest and highest value in each of many equal time spans."""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

WIDTHS = (30.0, 120.0, 480.0, 1920.0, 7680.0)  # seconds; each is a multiple of the one before
KEPT = 48  # buckets of each width; they cover 24 min, 96 min, 6 h, 26 h and 102 h


class Bucket(NamedTuple):
    """The lowest and highest values in a time span; ``time`` is when the lowest first occurred."""

    time: float
    low: float
    high: float


class Stretch(NamedTuple):
    """Consecutive buckets as columns: their times in seconds, lowest values and highest values."""

    times: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]

    def last(self, number: int) -> "Stretch":
        """Return the newest ``number`` buckets."""
        return Stretch(self.times[-number:], self.lows[-number:], self.highs[-number:])


class _Level:
    """The closed buckets of one width, and the open bucket, to which new values are added."""

    __slots__ = ("_closed", "_high", "_index", "_low", "_time", "_width")

    def __init__(self, width: float) -> None:
        self._width = width
        self._closed = array("d")  # takes a sixth of the memory that tuples would take
        self._index = -1
        self._time = self._low = self._high = 0.0

    def extend(self, time: float, value: float) -> bool:
        """Add ``value`` to the open bucket; return False if it belongs to the next bucket."""
        if time // self._width != self._index:
            return False
        if value < self._low:
            self._time, self._low = time, value
        elif value > self._high:
            self._high = value
        return True

    def add(self, bucket: Bucket) -> Bucket | None:
        """Add the narrower ``bucket`` to the open bucket.

        If ``bucket`` belongs to the next time span, close and return the open bucket, and start
        a new one with ``bucket``.
        """
        index = int(bucket.time // self._width)
        if index == self._index:
            if bucket.low < self._low:
                self._time, self._low = bucket.time, bucket.low
            self._high = max(self._high, bucket.high)
            return None
        closed = Bucket(self._time, self._low, self._high) if self._index >= 0 else None
        if closed is not None:
            self._closed.extend(closed)
            del self._closed[: -3 * KEPT]
        self._index = index
        self._time, self._low, self._high = bucket
        return closed

    def closed(self) -> Stretch:
        return Stretch(self._closed[0::3], self._closed[1::3], self._closed[2::3])


class Envelope:
    """Buckets of several widths for one series: the last few minutes and the last few days.

    Adding a value takes constant time, and memory use is bounded. A width comes into use when the
    first bucket of the next narrower width closes.
    """

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        """Start empty."""
        self._levels = [_Level(WIDTHS[0])]

    def add(self, time: float, value: float) -> int:
        """Add ``value`` at ``time`` (seconds); return how many widths have a newly closed bucket.

        If the result is n, these are the first n of ``WIDTHS``.
        """
        if self._levels[0].extend(time, value):
            return 0
        bucket: Bucket | None = Bucket(time, value, value)
        for number, level in enumerate(self._levels):
            if bucket is None or (bucket := level.add(bucket)) is None:
                return number
        closed = len(self._levels)
        if bucket is not None and closed < len(WIDTHS):
            self._levels.append(_Level(WIDTHS[closed]))
            self._levels[-1].add(bucket)
        return closed

    @property
    def levels(self) -> int:
        """The number of widths in use so far, counted from the narrowest."""
        return len(self._levels)

    def closed(self, level: int) -> Stretch:
        """Return the last ``KEPT`` closed buckets of the width ``WIDTHS[level]``, oldest first.

        Spans without a value have no bucket. Raises IndexError if the level is not in use yet.
        """
        return self._levels[level].closed()

    def lowest_since(self, start: float) -> float:
        """Return the lowest value since ``start`` in the closed buckets of the narrowest width.

        Raises ValueError if there is no such bucket.
        """
        times, lows, _ = self._levels[0].closed()
        return min(low for time, low in zip(times, lows, strict=True) if time >= start)

    def highest(self, start: float, end: float) -> float:
        """Return the highest value in the closed buckets from ``start`` to ``end``, or 0."""
        return max(
            (
                high
                for level in self._levels
                for time, _, high in zip(*level.closed(), strict=True)
                if start <= time < end
            ),
            default=0.0,
        )
