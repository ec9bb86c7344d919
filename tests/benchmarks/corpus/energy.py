"""The energy counter of a simulated GPU, and what a collector publishes of it."""

import math
from random import Random

from collector.sensors.rates import RateMeter

SHARE = 0.9  # of the machines: 198 of 210 GPUs with real recordings count it (since Volta)
LONGEST_READ = 0.2  # seconds that a collector may take to read the counter
STEPS = (0.01, 0.02, 0.1)  # seconds between two updates of the counter


class EnergyCounter:
    """Counts joules in steps. The time at which the counter is read is not known exactly."""

    def __init__(self, rng: Random) -> None:
        """Start at 0; ``rng`` draws how long each read takes."""
        self._rng = rng
        self._step = rng.choice(STEPS)
        self._joules = 0.0
        self._meter = RateMeter()

    def use(self, power: float, seconds: float) -> None:
        """Use ``power`` watts for ``seconds``."""
        self._joules += power * seconds

    def read(self, time: float, power: float) -> dict[str, float | None]:
        """Return ``energy`` and ``power_average``; ``power`` is used now, at ``time`` (seconds)."""
        took = self._rng.uniform(0, LONGEST_READ)
        read = time + self._rng.uniform(0, took)
        updated = math.floor(read / self._step) * self._step
        joules = self._joules + power * (updated - time)
        rate = self._meter.rates({"energy": (joules, 0.0)}, time + took, took=took)["energy"]
        return {
            "energy": joules,
            "power_average": None if rate is None else round(rate[0], 3),
        }
