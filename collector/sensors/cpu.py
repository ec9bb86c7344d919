"""Reads the utilization and frequency of the CPU's cores, the load average, and CPU pressure."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from collector.sensors.files import KernelFile
from collector.sensors.frequency import Frequency, read_frequency
from collector.sensors.port import Reading, Sensor
from collector.sensors.pressure import read_pressure
from collector.sensors.rates import SHORTEST_SECONDS
from collector.sensors.registry import register
from telemetry.catalogue import CPU

_FREQUENCY_SECONDS = 10.0  # reading the frequencies of 256 cores takes milliseconds


class CoreTimes(NamedTuple):
    """A core's busy and idle times, in the same unit."""

    busy: float
    idle: float


def parse_stat(text: bytes) -> dict[int, CoreTimes]:
    """Return each online core's times from ``/proc/stat``, in clock ticks, keyed by core number.

    ``idle`` and ``iowait`` count as idle (``%idle + %iowait`` in mpstat), because a core that waits
    for a disk is free for other work. ``steal`` counts as busy: the core had work to do, and no
    other task of this machine could use the time that the hypervisor took. ``user`` includes
    ``guest``, and ``nice`` includes ``guest_nice``, so the guest times are not added. The fields:
    https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat

    psutil returns these times without core numbers. When a core goes offline, the cores after
    it move up in psutil's list, so their times would be compared with earlier times of other
    cores. So psutil is used only on systems other than Linux.
    """
    times = {}
    for line in text.partition(b"intr")[0].splitlines()[1:]:  # the first is the sum of all cores
        name, *fields = line.split(None, 9)
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields[:8])
        busy = user + nice + system + irq + softirq + steal
        times[int(name.removeprefix(b"cpu"))] = CoreTimes(busy, idle + iowait)
    return times


def differences(
    before: Mapping[int, CoreTimes], now: Mapping[int, CoreTimes]
) -> dict[int, CoreTimes]:
    """Return how long each core was busy and idle between two reads.

    A core is omitted if it was offline at either read, or if its counters were reset. According
    to the kernel's documentation, ``iowait`` can decrease slightly. If the idle time decreases for
    this reason, it counts as unchanged.
    """
    known = {}
    for core in before.keys() & now.keys():
        busy, idle = now[core].busy - before[core].busy, now[core].idle - before[core].idle
        if busy >= 0 and busy + idle > 0:
            known[core] = CoreTimes(busy, max(0, idle))
    return known


def utilization(times: Iterable[CoreTimes]) -> float | None:
    """Return the busy share of ``times`` as a percentage; None if the times add up to zero."""
    busy = idle = 0.0
    for each in times:
        busy += each.busy
        idle += each.idle
    return round(100 * busy / (busy + idle), 1) if busy + idle > 0 else None


@register
class CpuSensor(Sensor):
    """Reads all cores.

    ``per_core`` has one value per core, ordered by core number. The value of an offline core
    is None.
    """

    name = CPU.name

    def __init__(
        self,
        proc: Path = Path("/proc"),
        sysfs: Path = Path("/sys"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``clock`` returns the monotonic time in seconds."""
        self._proc = proc
        self._sysfs = sysfs
        self._clock = clock
        self._stat = KernelFile(proc / "stat")
        self._pressure = KernelFile(proc / "pressure" / "cpu")
        self._before: Mapping[int, CoreTimes] = {}
        self._taken_at = float("-inf")
        self._cores = 0  # the most cores seen so far, so that an offline core keeps its place
        self._frequency = Frequency()
        self._frequency_due = float("-inf")

    def open(self) -> None:
        """Read the counters that the first reading is compared with."""
        self.close()
        now = self._clock()
        self._core_times(now)
        self._refresh_frequency(now)

    def read(self) -> Iterable[Reading]:
        """Return all values; the utilization is the mean since the previous reading.

        The utilization is None if the previous reading was less than ``SHORTEST_SECONDS`` ago. The
        frequency is read at most once every 10 s.
        """
        now = self._clock()
        times = self._core_times(now)
        self._refresh_frequency(now)
        values = {
            "utilization": utilization(times.values()),
            "per_core": [
                utilization([times[core]]) if core in times else None for core in range(self._cores)
            ],
            "frequency": self._frequency.current,
            "frequency_max": self._frequency.maximum,
            "load_average": _load_average(),
            "pressure_some": read_pressure(self._pressure).some,
        }
        return [Reading(CPU.channel, values)]

    def describe(self) -> str:
        """Return the number of cores as text."""
        return f"{self._cores} core{'s' * (self._cores != 1)}"

    def close(self) -> None:
        """Discard the counters and close the files."""
        self._stat.close()
        self._pressure.close()
        self._before = {}
        self._taken_at = self._frequency_due = float("-inf")

    def _core_times(self, now: float) -> dict[int, CoreTimes]:
        if now - self._taken_at < SHORTEST_SECONDS:
            return {}
        before, self._before, self._taken_at = self._before, self._read_times(), now
        self._cores = max(self._cores, max(self._before, default=-1) + 1)
        return differences(before, self._before)

    def _read_times(self) -> Mapping[int, CoreTimes]:
        if sys.platform != "linux":
            from collector.sensors import portable  # noqa: PLC0415 - Linux can do without psutil

            return {core: CoreTimes(*times) for core, times in enumerate(portable.core_times())}
        return parse_stat(self._stat.read())

    def _refresh_frequency(self, now: float) -> None:
        if now >= self._frequency_due:
            self._frequency_due = now + _FREQUENCY_SECONDS
            self._frequency = read_frequency(self._proc, self._sysfs)


def _load_average() -> list[float] | None:
    if not hasattr(os, "getloadavg"):  # Windows has no load average
        return None
    return [round(load, 2) for load in os.getloadavg()]
