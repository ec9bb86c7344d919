"""The detectors that run."""

from advisor.detectors.hardware import Hardware
from advisor.detectors.idle_gpu import IdleGpu
from advisor.detectors.memory_growth import MemoryGrowth
from advisor.detectors.model import Detector
from advisor.detectors.throttling import Throttling

DETECTORS: tuple[type[Detector], ...] = (MemoryGrowth, IdleGpu, Throttling, Hardware)


def build() -> list[Detector]:
    """Return a new detector of each kind, for one host."""
    return [detector() for detector in DETECTORS]
