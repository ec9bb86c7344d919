"""Detects steady growth of memory or disk usage, and predicts when the limit is reached. Pure."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from advisor.envelope import Envelope, Stretch
from advisor.trend import Slope, floor, largest_step, last_change, mann_kendall, theil_sen

# Tuned on the even seeds of `python -m tests.benchmarks.findings`, unless a source is named.

# Lengths in buckets, up to 48, because 16 buckets of the next width are as long as 64.
STRETCHES = (16, 21, 28, 37, 48)
FEWEST_BUCKETS = 14  # fewer than the 16 of a stretch, because spans without a value have no bucket
HORIZON = 2.0  # times the observed span: predictions further ahead would be guesses
SIGNIFICANT = 3.29  # Z of the Mann-Kendall test: 99.95%
CONFIDENCE = 2.58  # Z of the slope's interval: 99%, not 95%, because buckets are not independent
UNCERTAINTY = 0.2  # of the slope: its interval is at least this wide on either side
SEGMENTS, GROWING_SEGMENTS = 6, 5  # the floor has to grow in at least 5 of 6 parts of the span
EVEN_SHARE = 0.25  # of a sixth of the growth: a segment that grows by less does not count
MINIMUM_SECONDS = 720.0  # a shorter stretch often contains only one tooth of a sawtooth
LARGEST_STEP = 0.2  # of the growth: a larger step is a job that starts, not a leak
CHANGE = 0.3  # of the range: after a sudden shift by this much, a new stretch begins
STEADY = 0.85  # times the growth of the first half: if the second half grows by less, it saturates


class Growth(NamedTuple):
    """How the memory in use grew during ``stretch``: by ``size`` bytes, from ``base`` bytes.

    ``rate`` is in bytes per second. ``left`` gives the shortest, likely and longest time in
    seconds from ``end`` until the limit is reached. ``peak`` is the highest value in the stretch.
    """

    stretch: Stretch
    base: float
    size: float
    peak: float
    rate: Slope
    left: Slope

    @property
    def start(self) -> float:
        """When the stretch begins, in seconds."""
        return self.stretch.times[0]

    @property
    def end(self) -> float:
        """When the stretch ends, in seconds."""
        return self.stretch.times[-1]


def find_growth(
    envelope: Envelope,
    closed: int,
    limit: float,
    smallest: float,
    largest_step: float,
) -> Growth | None:
    """Return the growth in the longest stretch that shows growth, or None.

    ``closed`` is the number of bucket widths at which ``envelope`` has just closed a bucket;
    stretches of wider buckets are not judged. ``smallest``, the least growth to report, and
    ``limit`` are in bytes. ``largest_step`` is the largest share of the growth allowed in a
    single step.
    """
    found = None
    for level in range(closed):
        buckets = envelope.closed(level)
        recent = envelope.lowest_since(buckets.times[-1])
        for number in STRETCHES:
            found = judge(buckets.last(number), limit, smallest, recent, largest_step) or found
            if number >= len(buckets.times):
                break
    return found


def judge(
    stretch: Stretch,
    limit: float,
    smallest: float,
    recent: float,
    largest_step: float,
) -> Growth | None:
    """Return the growth that ``stretch`` shows, or None if it does not show a leak.

    ``recent`` is the lowest value since the time of the stretch's last bucket. Growth is judged by
    the floor: at any time, the lowest value from that time on. If the floor shifts
    suddenly, only the time after the shift is judged. The floor must grow by at least ``smallest``,
    steadily and with statistical significance, and fast enough to reach the limit within HORIZON
    times the stretch's length.
    """
    if not _may_fill(stretch, limit, smallest, recent):
        return None
    lows = stretch.lows
    change = last_change(lows, CHANGE * (max(lows) - min(lows)))
    if change:
        stretch = stretch.last(len(lows) - change)
        if not _may_fill(stretch, limit, smallest, recent):
            return None
    if not _is_spread(floor([*stretch.lows, recent]), largest_step):
        return None
    if mann_kendall(stretch.lows) < SIGNIFICANT:
        return None
    rate = theil_sen(stretch.times, stretch.lows, z=CONFIDENCE)
    return _growth(stretch, rate, limit) if rate.low > 0 else None


def _may_fill(stretch: Stretch, limit: float, smallest: float, recent: float) -> bool:
    """Return whether the stretch is long enough and its growth large and fast enough.

    This cheap test comes first, because nearly every stretch fails it.
    """
    times = stretch.times
    if len(times) < FEWEST_BUCKETS or times[-1] - times[0] < MINIMUM_SECONDS:
        return False
    size = min(recent, stretch.lows[-1]) - min(stretch.lows)
    return size >= smallest and size * HORIZON >= limit - max(stretch.highs[-3:])


def _is_spread(values: Sequence[float], most: float) -> bool:
    """Return whether the floor ``values`` rises throughout, not only at first or in one step."""
    size = values[-1] - values[0]
    last = len(values) - 1
    marks = [values[round(last * part / SEGMENTS)] for part in range(SEGMENTS + 1)]
    parts = [marks[part + 1] - marks[part] for part in range(SEGMENTS)]
    half = SEGMENTS // 2
    return (
        sum(part >= EVEN_SHARE * size / SEGMENTS for part in parts) >= GROWING_SEGMENTS
        and parts[-1] >= EVEN_SHARE * size / SEGMENTS
        and largest_step(values) <= most * size
        and sum(parts[half:]) >= STEADY * sum(parts[:half])
    )


def _growth(stretch: Stretch, rate: Slope, limit: float) -> Growth:
    """Return the growth, with the time left until the memory reaches ``limit``.

    The shortest time runs until the highest peak reaches the limit, the likely time until usual
    peaks do, and the longest time until the floor does.
    """
    times, lows, highs = stretch
    end, base = times[-1], min(lows)
    behind = [rate.likely * (time - end) for time in times]
    level = median(low - rise for low, rise in zip(lows, behind, strict=True))
    newer = len(times) // 2  # earlier peaks may date from before the growth began
    above = sorted(
        high - level - rise for high, rise in zip(highs[newer:], behind[newer:], strict=True)
    )
    highest, usual = above[-1], above[round(0.9 * (len(above) - 1))]
    fast = max(rate.high, rate.likely * (1 + UNCERTAINTY))
    slow = min(rate.low, rate.likely * (1 - UNCERTAINTY))
    left = Slope(
        max(0.0, limit - level - highest) / fast,
        max(0.0, limit - level - usual) / rate.likely,
        max(0.0, limit - level) / slow,
    )
    return Growth(stretch, base, lows[-1] - base, max(highs), rate, left)
