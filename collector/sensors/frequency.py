"""Reads the clock frequency of the CPU cores."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from collector.sensors.files import read_file

_CPUINFO = re.compile(rb"\ncpu MHz\s*: ([0-9.]+)")  # ten times as fast as a pattern with ^


class Frequency(NamedTuple):
    """The mean frequency of the online cores, and the highest that any core supports, in MHz."""

    current: float | None = None
    maximum: float | None = None


def parse_cpuinfo(text: bytes) -> list[float]:
    """Return the frequency of each online core in MHz.

    The list is empty if ``/proc/cpuinfo`` contains no frequencies, as on ARM.
    """
    return [float(frequency) for frequency in _CPUINFO.findall(text)]


def read_frequency(proc: Path, sysfs: Path) -> Frequency:
    """Return the frequencies that the kernel reports, and None for the others.

    ``/proc/cpuinfo`` is tried first: on older kernels, reading the ``scaling_cur_freq`` of an x86
    core can take 10 ms (https://github.com/giampaolo/psutil/issues/1851), so 256 cores would
    take seconds. Both files are slow to read, so do not call this function at each tick.
    """
    if sys.platform != "linux":
        from collector.sensors import portable  # noqa: PLC0415 - Linux can do without psutil

        return Frequency(*portable.frequency())
    cores = sysfs / "devices" / "system" / "cpu"
    current = parse_cpuinfo(_content(proc / "cpuinfo")) or _megahertz(
        cores, "cpu[0-9]*/cpufreq/scaling_cur_freq"
    )
    # The maximum of the hardware; scaling_max_freq is the maximum that the administrator allows.
    offered = _megahertz(cores, "cpufreq/policy[0-9]*/cpuinfo_max_freq")
    return Frequency(
        current=round(sum(current) / len(current), 1) if current else None,
        maximum=max(offered, default=None),
    )


def _megahertz(folder: Path, pattern: str) -> list[float]:
    contents = (_content(file) for file in folder.glob(pattern))
    return [int(kilohertz) / 1000 for kilohertz in contents if kilohertz.strip().isdigit()]


def _content(file: Path) -> bytes:
    try:
        return read_file(file)
    except OSError:  # the file does not exist, or its core has just gone offline
        return b""
