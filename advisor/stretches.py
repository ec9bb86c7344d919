"""How a run uses its GPUs, in stretches of some minutes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WORKING, WAITING = 60.0, 10.0  # % utilization, from which and up to which a GPU works or waits
IDLE = 5.0  # % utilization: a run with less is idle, not waiting
WAITS_SHARE, WORKS_SHARE, BETWEEN_SHARE = 0.25, 0.08, 0.25  # of the readings, if it does both
CHANGES = 3  # fewest changes between working and waiting, of each GPU in a stretch
CHANGE_SECONDS = 75.0  # longest mean time from one change to the next
CHANGES_SHARE = 0.6  # at long intervals: of the changes that independent readings would show
_LANE = {1: 250.0, 2: 500.0, 3: 985.0, 4: 1969.0, 5: 3938.0, 6: 7563.0}  # MB/s, by generation


@dataclass(slots=True)
class Stretch:
    """The readings of the GPUs of one run."""

    readings: dict[str, int] = field(default_factory=dict)  # of each GPU
    total: int = 0
    sum: float = 0.0  # of the utilization
    low: int = 0  # readings below the threshold
    working: int = 0
    waiting: int = 0
    changes: int = 0
    full_link: int = 0
    _works: dict[str, bool] = field(default_factory=dict)  # by GPU: works, or waits

    def add(self, gpu: str, values: Mapping[str, Any], use: float, low: float, link: float) -> None:
        """Add a reading with the utilization ``use``, which counts as low below ``low``.

        ``link`` is the share of the PCIe link's rate from which the link counts as full.
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
        """Return whether the GPUs alternately work and wait in a stretch of ``seconds``."""
        total, gpus = max(1, self.total), len(self.readings)
        independent = 2 * self.working * self.waiting / total
        changes = min(CHANGES_SHARE * independent, gpus * seconds / CHANGE_SECONDS)
        return (
            self.waiting >= WAITS_SHARE * total
            and self.working >= WORKS_SHARE * total
            and total - self.waiting - self.working <= BETWEEN_SHARE * total
            and self.changes >= max(CHANGES * gpus, changes)
        )
