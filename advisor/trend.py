"""Robust statistics for short series: slope, significance of a trend, steps. Pure.

The series have at most a few dozen points, so computing all pairs is cheap without numpy.
"""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple


class Slope(NamedTuple):
    """The likely slope per second, and the bounds of its confidence interval."""

    low: float
    likely: float
    high: float


def theil_sen(times: Sequence[float], values: Sequence[float], *, z: float) -> Slope:
    """Return the median slope of all pairs of points, with its confidence interval.

    ``z``, a quantile of the standard normal distribution, sets the confidence: 1.96 gives 95%.
    ``times`` are in seconds and distinct. Raises ValueError for fewer than two points.

    The method is from Sen (1968), "Estimates of the regression coefficient based on Kendall's tau",
    JASA 63. In the ascending list of all N slopes, the confidence interval reaches from index
    (N - C) / 2, rounded down, to index (N + C) / 2, rounded up. Indices start at 0
    and are clamped to the list. C = z sqrt(var S), where S is Kendall's score.
    """
    points = zip(times, values, strict=True)
    slopes = sorted((w - v) / (u - t) for (t, v), (u, w) in combinations(points, 2))
    if not slopes:
        raise ValueError("a slope needs at least two points")
    number = len(slopes)
    spread = z * math.sqrt(_variance(values))
    low = max(0, math.floor((number - spread) / 2))
    high = min(number - 1, math.ceil((number + spread) / 2))
    middle = (slopes[(number - 1) // 2] + slopes[number // 2]) / 2
    return Slope(slopes[low], middle, slopes[high])


def mann_kendall(values: Sequence[float]) -> float:
    """Return Z of the Mann-Kendall test; if Z > 1.96, the values rise with 97.5% confidence.

    Z is 0 if as many pairs of values rise as fall, for example if all values are equal. The
    variance is corrected for ties.

    Sources: Mann (1945), Econometrica 13; Kendall (1975), "Rank Correlation Methods".
    """
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    variance = _variance(values)
    if score == 0 or variance == 0:
        return 0.0
    return (score - math.copysign(1, score)) / math.sqrt(variance)


def _variance(values: Sequence[float]) -> float:
    """Return the variance of Kendall's S, corrected for ties."""
    counts: dict[float, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return (
        sum(
            sign * n * (n - 1) * (2 * n + 5)
            for sign, group in ((1, (len(values),)), (-1, counts.values()))
            for n in group
        )
        / 18
    )


def floor(values: Sequence[float]) -> list[float]:
    """Return the floor: for each point, the lowest value from this point to the end.

    For example, the floor of a process's memory use is the memory that the process does not
    release later. The floor never falls from one point to the next. A sawtooth on a flat base has a
    flat floor, except for its last tooth. When memory is released, the floor at all earlier points
    is at most the memory that remains.
    """
    lowest = math.inf
    backwards = [lowest := min(lowest, value) for value in reversed(values)]
    return backwards[::-1]


def largest_step(values: Sequence[float]) -> float:
    """Return the largest rise from one value to the next; 0 if no value rises."""
    return max([0.0, *(later - earlier for earlier, later in pairwise(values))])


def last_change(values: Sequence[float], size: float) -> int:
    """Return the index of the first value after the last sudden shift; 0 if there is no shift.

    At a shift, the values jump up or down: each of the last two values before it differs by at
    least ``size``, in the same direction, from each of the first two values after it.
    """
    for index in range(len(values) - 2, 1, -1):
        before, after = values[index - 2 : index], values[index : index + 2]
        if min(after) - max(before) >= size or min(before) - max(after) >= size:
            return index
    return 0
