"""Describes how a run uses its GPUs during a stretch of several minutes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# % utilization: a GPU with at least WORKING works, and a GPU with at most WAITING waits.
WORKING, WAITING = 60.0, 10.0
IDLE = 5.0  # % utilization: a run with a lower mean is idle, not waiting
# A stretch alternates if at least the first two shares of its readings wait and work, and at most
# the third share does neither.
WAITS_SHARE, WORKS_SHARE, BETWEEN_SHARE = 0.25, 0.08, 0.25
CHANGES = 3  # fewest changes between working and waiting per GPU and stretch
CHANGE_SECONDS = 75.0  # longest mean time from one change to the next
# At long sampling intervals, this share of the changes that independent readings show is enough.
CHANGES_SHARE = 0.6
_LANE = {1: 250.0, 2: 500.0, 3: 985.0, 4: 1969.0, 5: 3938.0, 6: 7563.0}  # MB/s, by generation


@dataclass(slots=True)
class Stretch:
    """Counts the readings of a run's GPUs during one stretch."""

    readings: dict[str, int] = field(default_factory=dict)  # number by GPU
    total: int = 0
    sum: float = 0.0  # of the utilization in all readings, in %
    low: int = 0  # number of readings below the threshold
    working: int = 0
    waiting: int = 0
    changes: int = 0
    full_link: int = 0
    _works: dict[str, bool] = field(default_factory=dict)  # by GPU: whether it worked last

    def add(self, gpu: str, values: Mapping[str, Any], use: float, low: float, link: float) -> None:
        """Count a reading of ``gpu``, whose utilization is ``use``.

        A utilization below ``low`` counts as low. The PCIe link counts as full if the GPU's
        receive rate is at least ``link`` times the maximum rate.
        """
        self.readings[gpu] = self.readings.get(gpu, 0) + 1
        self.total += 1
        self.sum += use
        self.low += use < low
        if use >= WORKING or use <= WAITING:
            works = use >= WORKING
            self.working += works
            self.waiting += not works
            self.changes += self._works.get(gpu, works) is not works
            self._works[gpu] = works
        received = values.get("pcie_rx_rate")
        if received:
            lane = _LANE.get(values.get("pcie_generation") or 0, 0.0)
            most = lane * (values.get("pcie_width") or 0)
            self.full_link += most > 0 and received >= link * most

    @property
    def mean(self) -> float:
        """The mean utilization in percent."""
        return self.sum / max(1, self.total)

    def is_alternating(self, seconds: float) -> bool:
        """Return whether the GPUs alternately work and wait in this stretch of ``seconds``."""
        total, gpus = max(1, self.total), len(self.readings)
        independent = 2 * self.working * self.waiting / total
        changes = min(CHANGES_SHARE * independent, gpus * seconds / CHANGE_SECONDS)
        return (
            self.waiting >= WAITS_SHARE * total
            and self.working >= WORKS_SHARE * total
            and total - self.waiting - self.working <= BETWEEN_SHARE * total
            and self.changes >= max(CHANGES * gpus, changes)
        )
