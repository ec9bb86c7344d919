"""The list of all detectors, and a function that creates them for one host."""

from collections.abc import Collection, Mapping

from advisor.detectors.hardware import Hardware
from advisor.detectors.host_pressure import HostPressure
from advisor.detectors.idle_gpu import IdleGpu
from advisor.detectors.input_bound import InputBound
from advisor.detectors.memory_growth import MemoryGrowth
from advisor.detectors.model import DEFAULTS, Detector
from advisor.detectors.straggler import Straggler
from advisor.detectors.throttling import Throttling

DETECTORS: tuple[type[Detector], ...] = (
    MemoryGrowth,
    IdleGpu,
    Throttling,
    Hardware,
    HostPressure,
    Straggler,
    InputBound,
)


def build(
    disabled: Collection[str] = (), thresholds: Mapping[str, Mapping[str, float]] | None = None
) -> list[Detector]:
    """Return new detectors for one host, without the ``disabled`` kinds.

    ``thresholds`` has the values that differ from the defaults, keyed by the finding's kind, then
    by the threshold's name.
    """
    return [
        detector((thresholds or {}).get(detector.kind.name, DEFAULTS))
        for detector in DETECTORS
        if detector.kind.name not in disabled
    ]
