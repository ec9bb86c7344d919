"""The kinds of findings and their thresholds, which can be changed in the settings."""

from collections.abc import Mapping
from typing import NamedTuple


class Threshold(NamedTuple):
    """A number that a detector compares with readings: its default, unit, help and range."""

    default: float
    unit: str
    help: str
    lowest: float
    highest: float


THRESHOLDS: Mapping[str, Mapping[str, Threshold]] = {
    "memory_growth": {
        "share": Threshold(5.0, "%", "of the limit: less growth is not reported", 0.1, 90),
        "warm_up": Threshold(45.0, "min", "during which a new process may grow", 0, 1440),
        "warning": Threshold(24.0, "h", "before the limit is reached: a warning", 0, 8760),
        "critical": Threshold(15.0, "min", "before the limit is reached: critical", 0, 1440),
    },
    "idle_gpu": {
        "utilization": Threshold(5.0, "%", "below which the GPU does nothing", 0.1, 100),
        "held": Threshold(1.0, "GB", "in use: less is not reported", 0, 10_000),
        "minutes": Threshold(15.0, "min", "of doing nothing: an info", 1, 1440),
        "warning": Threshold(60.0, "min", "of doing nothing: a warning", 1, 10_080),
    },
    "throttling": {
        "share": Threshold(20.0, "%", "of the time slowed down by heat or hardware", 1, 100),
        "cap": Threshold(80.0, "%", "of the time at the power cap", 1, 100),
    },
    "hardware": {
        "errors": Threshold(60.0, "min", "without a new error, until the finding ends", 1, 10_080),
        "lost": Threshold(60.0, "s", "without a sample, while the sensor fails", 1, 3600),
        "link": Threshold(5.0, "min", "of a slow PCIe link under load", 1, 1440),
        "failing": Threshold(5.0, "min", "for which a sensor has been failing", 1, 1440),
    },
    "host_pressure": {
        "pressure": Threshold(
            10.0, "%", "of the time in which every task waits for memory", 1, 100
        ),
        "critical": Threshold(40.0, "%", "of that time: critical", 1, 100),
        "swap": Threshold(1.0, "MB/s", "swapped in, and as much out", 0.01, 1e6),
        "kills": Threshold(60.0, "min", "for which an out-of-memory kill is reported", 1, 10_080),
        "used": Threshold(
            90.0, "%", "of a file system in use: below, growth is not reported", 0, 100
        ),
        "clock": Threshold(120.0, "s", "of clock error: less is not reported", 1, 86_400),
        "silent": Threshold(3.0, "min", "of silence of an offline collector", 0, 10_080),
    },
    "straggler": {
        "minutes": Threshold(10.0, "min", "for which one GPU differs from the others", 1, 1440),
        "clock": Threshold(15.0, "%", "lower clock than the others", 1, 100),
        "power": Threshold(20.0, "%", "lower power than usual", 1, 100),
        "utilization": Threshold(20.0, "points", "lower utilization than usual", 1, 100),
        "temperature": Threshold(12.0, "°C", "higher temperature than usual", 1, 100),
    },
    "input_bound": {
        "utilization": Threshold(50.0, "%", "mean utilization: above, nothing is reported", 5, 100),
        "minutes": Threshold(20.0, "min", "in which GPUs wait", 5, 1440),
        "core": Threshold(95.0, "%", "from which a core is at its limit", 1, 100),
        "pressure": Threshold(10.0, "%", "of the time in which every task waits", 1, 100),
        "ceiling": Threshold(80.0, "%", "of the highest rate of disks and network", 1, 100),
        "link": Threshold(60.0, "%", "of the rate of the PCIe link", 1, 100),
    },
}
"""By kind and name. In the settings, a threshold is named like ``idle_gpu.held``."""


def effective(kind: str, changed: Mapping[str, float]) -> dict[str, float]:
    """Return the thresholds of ``kind`` by name: the values in ``changed``, else the defaults."""
    known = THRESHOLDS[kind]
    return {name: changed.get(name, threshold.default) for name, threshold in known.items()}
