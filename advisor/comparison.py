"""Compares the GPUs of one run with each other. Pure."""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from advisor.detectors.model import LONGEST_STEP
from advisor.smoothing import Held

FEWEST = 3  # GPUs: with only two, it would not be clear which of them deviates
LOADED = 30.0  # % median utilization: below it, the GPUs are not compared
SETTLING = 600.0  # seconds over which the usual differences of a new run are learned
USUAL = 1800.0  # seconds over which the usual differences are averaged after SETTLING
# The GPUs of a run do not work in step if several of them have each deviated for LONE seconds, and
# in LONE_READINGS readings, within the last LONE_SPAN seconds. Fewer readings may be chance.
LONE, LONE_READINGS, LONE_SPAN = 60.0, 4, 7200.0
UNUSUAL = 4.0  # times the mean deviation from the usual difference: less may be chance (3 sigma)
SMOOTHING = 60.0  # seconds
CONTINUES = 0.8  # share of its limit above which a deviation that has begun continues
ENDS = 0.5  # share of its limit above which a finding stays active
_POWER, _UTILIZATION, _TEMPERATURE = 1, 2, 3  # indexes in METRICS


class Metric(NamedTuple):
    """A value to compare; ``sign`` is -1 if lower values are worse, and 1 if higher values are.

    A GPU counts as deviating only if the other GPUs' values differ from each other by at most
    ``alike``. With ``relative``, differences are fractions of the other GPUs' median. Without
    ``absolute``, a GPU deviates if it differs from the other GPUs by more than usual in this run.
    With ``absolute``, the difference itself counts, because GPUs under the same load should not
    differ in this metric.
    """

    field: str
    name: str
    unit: str
    sign: int
    alike: float
    relative: bool = False
    absolute: bool = False


METRICS = (
    Metric("sm_clock", "clock", "MHz", -1, 0.08, relative=True, absolute=True),
    Metric("power", "power", "W", -1, 0.12, relative=True),
    Metric("utilization", "utilization", "%", -1, 12.0),
    Metric("temperature", "temperature", "°C", 1, 15.0),
)
_FIELDS = tuple(enumerate(metric.field for metric in METRICS))


class Deviation(NamedTuple):
    """One GPU's deviation from the other GPUs in ``metric``.

    The deviation began at ``since`` (Unix seconds). ``value`` is this GPU's value, and
    ``others`` is the median of the other GPUs.
    """

    metric: Metric
    value: float
    others: float
    since: float


@dataclass(slots=True)
class Member:
    """One GPU: its smoothed values, their usual differences from other GPUs, and its deviations.

    The lists have one entry for each of ``METRICS``. ``sums`` and ``numbers`` cover the readings
    since the values were last smoothed. A value is ``apart`` if the other GPUs agree closely and
    its difference from them exceeds the usual difference by at least the metric's limit. The value
    deviates (``held``) if this excess is also unusually large for the run. If ``Metric.absolute``
    is true, the difference itself is compared with the limit instead, and each value that is
    ``apart`` deviates.
    """

    at: float = -math.inf
    name: object = None
    sums: list[float] = field(default_factory=lambda: [0.0] * len(METRICS))
    numbers: list[int] = field(default_factory=lambda: [0] * len(METRICS))
    smoothed: float = -math.inf
    values: list[float | None] = field(default_factory=lambda: [None] * len(METRICS))
    usual: list[float | None] = field(default_factory=lambda: [None] * len(METRICS))
    apart: list[Held] = field(default_factory=lambda: [Held() for _ in METRICS])
    held: list[Held] = field(default_factory=lambda: [Held() for _ in METRICS])
    others: list[float] = field(default_factory=lambda: [0.0] * len(METRICS))
    alone: float = -math.inf  # when a value was last ``apart`` for LONE seconds

    def add(self, now: float, readings: Mapping[str, Any]) -> None:
        """Add a reading at ``now`` (seconds)."""
        self.at, self.name = now, readings.get("name")
        for place, field_name in _FIELDS:
            value = readings.get(field_name)
            if value is not None:
                self.sums[place] += value
                self.numbers[place] += 1

    def smooth(self) -> None:
        """Update the smoothed values with the means of the new readings."""
        step, self.smoothed = self.at - self.smoothed, self.at
        part = 1 - math.exp(-step / SMOOTHING) if step < 2 * LONGEST_STEP else 1.0
        for place, number in enumerate(self.numbers):
            if number:
                mean, before = self.sums[place] / number, self.values[place]
                self.values[place] = mean if before is None else before + part * (mean - before)
                self.sums[place], self.numbers[place] = 0.0, 0

    def works_alike(self) -> bool:
        """Return whether this GPU works as hard as the others, so temperatures can be compared."""
        for place in (_POWER, _UTILIZATION):
            value, metric, others = self.values[place], METRICS[place], self.others[place]
            scale = others if metric.relative else 1.0
            if value is not None and abs(value - others) > metric.alike * scale:
                return False
        return True

    def note_agreement(self, now: float) -> None:
        """Record that no value deviates at ``now`` (seconds)."""
        for held in (*self.apart, *self.held):
            held.note(now, holds=False)

    def deviations(self, seconds: float, readings: int) -> Iterator[Deviation]:
        """Yield the deviations that have lasted at least ``seconds`` and ``readings`` readings."""
        for metric, held, value, others in zip(
            METRICS, self.held, self.values, self.others, strict=True
        ):
            if value is not None and held.lasts(seconds, readings):
                yield Deviation(metric, value, others, held.since)


class Comparison:
    """Compares the GPUs of one run; ``limits`` has one limit for each of ``METRICS``."""

    def __init__(self, limits: Sequence[float]) -> None:
        """Start with no GPUs."""
        self.members: dict[str, Member] = {}
        self.compared = -math.inf
        self._limits = limits
        self._loaded = 0.0  # for how many seconds most members have been at work
        self._differences = [0.0] * len(METRICS)  # mean deviation from the usual difference

    def compare(self, now: float, found: Container[str]) -> bool:
        """Compare all GPUs; return False if they work out of step or cannot be compared.

        ``found`` contains the GPUs that have an active finding.
        """
        step, self.compared = min(now - self.compared, 2 * LONGEST_STEP), now
        present = {n: m for n, m in self.members.items() if now - m.at < LONGEST_STEP}
        for member in present.values():
            member.smooth()
        if len(present) < FEWEST or len({m.name for m in present.values()}) > 1:
            return False
        loads = sorted(m.values[_UTILIZATION] or 0.0 for m in present.values())
        if loads[(len(loads) - 1) // 2] < LOADED:
            for member in present.values():
                member.note_agreement(now)
            return False
        self._loaded += step
        for place in range(len(METRICS)):
            ready = self._loaded >= SETTLING or METRICS[place].absolute
            self._compare(now, place, present, found if ready else None, step)
        return sum(now - m.alone < LONE_SPAN for m in present.values()) <= 1

    def _compare(
        self,
        now: float,
        place: int,
        present: Mapping[str, Member],
        found: Container[str] | None,
        step: float,
    ) -> None:
        """Record deviations in one metric and learn the usual differences.

        If ``found`` is None, only learn: the GPUs have not been working long enough to be judged.
        """
        metric, limit = METRICS[place], self._limits[place]
        known = [(value, n) for n, m in present.items() if (value := m.values[place]) is not None]
        if len(known) < FEWEST:
            return
        known.sort()
        values = [value for value, _ in known]
        unusual, differences = UNUSUAL * self._differences[place], 0.0
        follow = step / (USUAL if self._loaded >= SETTLING else self._loaded)
        for rank, (value, name) in enumerate(known):
            member = present[name]
            apart, held = member.apart[place], member.held[place]
            middle = member.others[place] = median_without(values, rank)
            scale = (middle or 1.0) if metric.relative else 1.0
            difference = metric.sign * (value - middle) / scale
            if place == _TEMPERATURE and not member.works_alike():
                apart.note(now, holds=False)
                held.note(now, holds=False)
                continue
            usual = member.usual[place]
            if usual is None:
                usual = member.usual[place] = difference
            differences += abs(difference - usual)
            excess = difference
            if not metric.absolute:  # worse than usual, and also worse than the others
                excess = min(difference - usual, 2 * difference)
            factor = CONTINUES if apart.readings else 1.0
            is_apart = (
                found is not None
                and excess >= (ENDS if name in found else factor) * limit
                and _spread_without(values, rank) <= metric.alike * scale
            )
            apart.note(now, holds=is_apart)
            is_known = metric.absolute or (found is not None and name in found)
            held.note(now, holds=is_apart and (is_known or excess >= unusual))
            if not is_apart:
                member.usual[place] = usual + follow * (difference - usual)
            elif not metric.absolute and apart.lasts(LONE, LONE_READINGS):
                member.alone = now
        part, mean = step / min(self._loaded, LONE_SPAN), differences / len(known)
        self._differences[place] += part * (mean - self._differences[place])


def median_without(ordered: Sequence[float], rank: int) -> float:
    """Return the median of ``ordered`` without the value at ``rank``."""
    last = len(ordered) - 2  # the highest rank without that value

    def at(place: int) -> float:
        return ordered[place if place < rank else place + 1]

    return (at(last // 2) + at((last + 1) // 2)) / 2


def _spread_without(ordered: Sequence[float], rank: int) -> float:
    lowest, highest = int(rank == 0), len(ordered) - 1 - (rank == len(ordered) - 1)
    return ordered[highest] - ordered[lowest]
