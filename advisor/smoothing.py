"""Computes a moving average of a series, and measures how long a condition has held."""

import math
from dataclasses import dataclass

from advisor.detectors.model import LONGEST_STEP


@dataclass(slots=True)
class Smoothed:
    """An exponential moving average with the time constant ``seconds``; it starts at 0.

    The longer the time since the previous value, the more weight a new value has. A time of more
    than ``LONGEST_STEP`` seconds counts as ``LONGEST_STEP``.
    """

    seconds: float
    mean: float = 0.0
    at: float = -math.inf

    def add(self, now: float, value: float) -> float:
        """Add ``value`` at ``now`` (seconds); return the mean."""
        step = min(max(now - self.at, 0.0), LONGEST_STEP)
        self.at = now
        self.mean += (1 - math.exp(-step / self.seconds)) * (value - self.mean)
        return self.mean


@dataclass(slots=True)
class Held:
    """Measures for how long, and in how many readings, a condition has held without a break."""

    since: float = math.inf
    at: float = -math.inf
    readings: int = 0

    def note(self, now: float, *, holds: bool) -> None:
        """Note whether the condition holds at ``now`` (seconds)."""
        if not holds or now - self.at > 2 * LONGEST_STEP:
            self.since, self.readings = now, 0
        self.readings += holds
        self.at = now

    def lasts(self, seconds: float, readings: int) -> bool:
        """Return whether the condition held for at least ``seconds`` and ``readings`` readings."""
        return self.readings >= readings and self.at - self.since >= seconds
