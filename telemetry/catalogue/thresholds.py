"""The thresholds of each kind of finding; the settings can change their values."""

from collections.abc import Mapping
from typing import NamedTuple


class Threshold(NamedTuple):
    """The default, unit, help text and range of a number that a detector compares with readings."""

    default: float
    unit: str
    help: str
    lowest: float
    highest: float


THRESHOLDS: Mapping[str, Mapping[str, Threshold]] = {
    "memory_growth": {
        "share": Threshold(
            5.0, "%", "the smallest growth that is reported, as a share of the limit", 0.1, 90
        ),
        "warm_up": Threshold(
            45.0,
            "min",
            "how long the memory of a new process or run may grow without a finding",
            0,
            1440,
        ),
        "warning": Threshold(
            24.0,
            "h",
            "the finding is a warning if the limit will probably be reached within this time",
            0,
            8760,
        ),
        "critical": Threshold(
            15.0,
            "min",
            "the finding is critical if the limit will probably be reached within this time",
            0,
            1440,
        ),
    },
    "idle_gpu": {
        "utilization": Threshold(
            5.0, "%", "a GPU at this utilization or more is not idle", 0.1, 100
        ),
        "held": Threshold(
            1.0, "GB", "a GPU with less memory in use than this is not reported", 0, 10_000
        ),
        "minutes": Threshold(
            15.0, "min", "a finding of severity info begins after this much idle time", 1, 1440
        ),
        "warning": Threshold(
            60.0, "min", "the finding becomes a warning after this much idle time", 1, 10_080
        ),
    },
    "throttling": {
        "share": Threshold(
            20.0,
            "%",
            "the finding is a warning if heat, the hardware or the power supply slows "
            "the GPU down for at least this share of the time",
            1,
            100,
        ),
        "cap": Threshold(
            80.0,
            "%",
            "the finding has severity info if the power cap is active for at least this share of "
            "the time",
            1,
            100,
        ),
    },
    "hardware": {
        "errors": Threshold(
            60.0, "min", "a finding about errors ends this long after the newest error", 1, 10_080
        ),
        "lost": Threshold(
            60.0,
            "s",
            "a GPU counts as lost if it has had no sample for this long and the GPU sensor fails",
            1,
            3600,
        ),
        "link": Threshold(
            5.0, "min", "a PCIe link is reported after being slow under load for this long", 1, 1440
        ),
        "failing": Threshold(
            5.0, "min", "a sensor is reported after failing for this long", 1, 1440
        ),
    },
    "host_pressure": {
        "pressure": Threshold(
            10.0,
            "%",
            "the finding is a warning if all tasks wait for memory simultaneously "
            "for at least this share of the time",
            1,
            100,
        ),
        "critical": Threshold(
            40.0,
            "%",
            "the finding is critical if all tasks wait for memory simultaneously "
            "for at least this share of the time",
            1,
            100,
        ),
        "swap": Threshold(
            1.0,
            "MB/s",
            "swapping is reported only if both the swap-in rate and the swap-out rate are at least "
            "this high",
            0.01,
            1e6,
        ),
        "kills": Threshold(
            60.0,
            "min",
            "a finding about an out-of-memory kill ends this long after the last kill",
            1,
            10_080,
        ),
        "used": Threshold(
            90.0,
            "%",
            "growth is reported only if at least this share of the file system is in use",
            0,
            100,
        ),
        "clock": Threshold(120.0, "s", "the smallest clock error that is reported", 1, 86_400),
        "silent": Threshold(
            3.0,
            "min",
            "an offline collector is reported after being silent for this long",
            0,
            10_080,
        ),
    },
    "straggler": {
        "minutes": Threshold(
            10.0,
            "min",
            "how long a GPU has to deviate from the other GPUs before a finding begins",
            1,
            1440,
        ),
        "clock": Threshold(
            15.0,
            "%",
            "a clock is reported if it is this far below the median of the other GPUs",
            1,
            100,
        ),
        "power": Threshold(
            20.0,
            "%",
            "power is reported if it is this much lower than usual, relative to the median of the "
            "other GPUs",
            1,
            100,
        ),
        "utilization": Threshold(
            20.0,
            "points",
            "utilization is reported if it is this much lower than usual, relative to the median "
            "of the other GPUs",
            1,
            100,
        ),
        "temperature": Threshold(
            12.0,
            "°C",
            "a temperature is reported if it is this much higher than usual, relative to the "
            "median of the other GPUs",
            1,
            100,
        ),
    },
    "input_bound": {
        "utilization": Threshold(
            50.0, "%", "no finding begins if the GPUs' mean utilization is at least this", 5, 100
        ),
        "minutes": Threshold(
            20.0, "min", "how long the GPUs have to keep waiting before a finding begins", 5, 1440
        ),
        "core": Threshold(95.0, "%", "a CPU core at this utilization is at its limit", 1, 100),
        "pressure": Threshold(
            10.0,
            "%",
            "memory or I/O counts as a limit if all tasks wait for it simultaneously "
            "for at least this share of the time",
            1,
            100,
        ),
        "ceiling": Threshold(
            80.0,
            "%",
            "the disks or the network count as a limit at this share of their highest rate so far",
            1,
            100,
        ),
        "link": Threshold(
            60.0, "%", "the PCIe link counts as a limit at this share of its maximum rate", 1, 100
        ),
    },
}
"""The thresholds, by kind of finding and by name.

In the settings, the name of a threshold includes the kind, as in ``idle_gpu.held``.
"""


def effective(kind: str, changed: Mapping[str, float]) -> dict[str, float]:
    """Return the thresholds of ``kind``: the values in ``changed``, and defaults for the rest."""
    known = THRESHOLDS[kind]
    return {name: changed.get(name, threshold.default) for name, threshold in known.items()}
