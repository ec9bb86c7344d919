"""Reads the use of RAM and swap, memory pressure, and the memory limit of this process's cgroup."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from collector.sensors.cgroup import CgroupMemory, find_limit
from collector.sensors.files import KernelFile
from collector.sensors.port import Reading, Sensor
from collector.sensors.pressure import read_pressure
from collector.sensors.rates import RateMeter, as_values
from collector.sensors.registry import register
from collector.sensors.vmstat import read_vmstat
from telemetry.catalogue import MEMORY
from telemetry.quantities import size

_SWAP = ("swap_in_rate", "swap_out_rate")
_LIMIT_SECONDS = 30.0  # limits change seldom
_MEMINFO = re.compile(rb"^(MemTotal|MemAvailable|SwapTotal|SwapFree): +(\d+) kB$", re.MULTILINE)


def parse_meminfo(text: bytes) -> dict[str, int]:
    """Return ``MemTotal``, ``MemAvailable``, ``SwapTotal`` and ``SwapFree`` in bytes.

    See https://docs.kernel.org/filesystems/proc.html#meminfo; "kB" means 1024 bytes there.
    """
    return {name.decode(): int(kibibytes) * 1024 for name, kibibytes in _MEMINFO.findall(text)}


def memory_values(meminfo: Mapping[str, int]) -> dict[str, int | None]:
    """Return the memory sizes in bytes, keyed by the fields of the memory channel.

    The used memory is the total minus the available memory, as in `free` since procps 4.
    """
    total, available = meminfo.get("MemTotal"), meminfo.get("MemAvailable")
    swap_total, swap_free = meminfo.get("SwapTotal"), meminfo.get("SwapFree")
    if total is not None and available is not None:
        # Under LXC, MemAvailable may be the host's while MemTotal is the container's.
        available = min(available, total)
    return {
        "ram_used": _difference(total, available),
        "ram_total": total,
        "swap_used": _difference(swap_total, swap_free),
        "swap_total": swap_total,
        "available": available,
    }


def _difference(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else max(0, whole - part)


@register
class MemorySensor(Sensor):
    """Reads the machine's memory, and the memory limit of this process's cgroup."""

    name = MEMORY.name

    def __init__(
        self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet; ``clock`` returns the monotonic time in seconds."""
        self._proc = proc
        self._pressure = KernelFile(proc / "pressure" / "memory")
        self._vmstat = KernelFile(proc / "vmstat")
        self._meminfo_file = KernelFile(proc / "meminfo")
        self._clock = clock
        self._meter = RateMeter()
        self._total: int | None = None
        self._limit: CgroupMemory | None = None
        self._limit_due = float("-inf")

    def open(self) -> None:
        """Look for a memory limit, and read the counters, so that the first reading has rates."""
        self.close()
        self._refresh_limit(self._meminfo())
        self._counters()

    def read(self) -> Iterable[Reading]:
        """Return the current memory use, and the swap rates since the last reading."""
        meminfo = self._meminfo()
        self._refresh_limit(meminfo)
        pressure = read_pressure(self._pressure)
        values = {
            **memory_values(meminfo),
            "pressure_some": pressure.some,
            "pressure_full": pressure.full,
            "cgroup_limit": self._limit.limit if self._limit else None,
            "cgroup_used": self._limit.used() if self._limit else None,
            **self._counters(),
            "runs": None,  # the collector fills in the runs that it tracks
        }
        return [Reading(MEMORY.channel, values)]

    def describe(self) -> str:
        """Return the size of the RAM, and the cgroup's memory limit if that is lower."""
        total, limit = self._total, self._limit
        memory = "RAM" if total is None else f"{size(total)} RAM"
        if limit is None:
            return memory
        return f"{memory}, of which this job may use {size(limit.limit)} (its cgroup's limit)"

    def close(self) -> None:
        """Discard the limit and the counters, and close the files."""
        for file in (self._meminfo_file, self._pressure, self._vmstat):
            file.close()
        self._limit = None
        self._meter = RateMeter()
        self._limit_due = float("-inf")

    def _meminfo(self) -> Mapping[str, int]:
        if sys.platform != "linux":
            from collector.sensors import portable  # noqa: PLC0415 - Linux can do without psutil

            return portable.memory()
        return parse_meminfo(self._meminfo_file.read())

    def _counters(self) -> dict[str, float | int | None]:
        counters = read_vmstat(self._vmstat)
        page = os.sysconf("SC_PAGE_SIZE") if counters else 0
        pages = [counters[name] for name in ("pswpin", "pswpout") if name in counters]
        swapped = {"swap": (pages[0] * page, pages[1] * page)} if len(pages) == len(_SWAP) else {}
        rate = self._meter.rates(swapped, self._clock()).get("swap")
        return {**as_values(rate, _SWAP), "oom_kills": counters.get("oom_kill")}

    def _refresh_limit(self, meminfo: Mapping[str, int]) -> None:
        now = self._clock()
        if now >= self._limit_due:
            self._limit_due = now + _LIMIT_SECONDS
            self._total = meminfo.get("MemTotal")
            self._limit = None if self._total is None else find_limit(self._proc, self._total)
