"""Which processes use a GPU, and how much of its memory, by NVML."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pynvml

from collector.sensors.nvml import Handle, first_known

# The largest process id that Linux gives (PID_MAX_LIMIT in the kernel's threads.h) is below this.
_MAX_PID = 2**31
_MAX_MEMORY = 2**50


class GpuProcess(NamedTuple):
    """A process on one GPU. ``memory_used`` in bytes, None where the driver does not tell it."""

    pid: int
    kind: str
    memory_used: int | None


def _listing(kind: str, *calls: Callable[[Handle], Iterable[Any]]) -> Callable[[Handle], Any]:
    def ask(handle: Handle) -> tuple[list[GpuProcess]]:
        told = first_known(handle, *calls)
        return ([_process(each, kind) for each in told if 0 < each.pid < _MAX_PID],)

    return ask


def _process(told: Any, kind: str) -> GpuProcess:  # noqa: ANN401 - pynvml has no types
    memory = told.usedGpuMemory  # None already where NVML has no value
    return GpuProcess(told.pid, kind, memory if memory is None or memory < _MAX_MEMORY else None)


# Drivers before R510 know only the second version of each call.
LISTINGS: Mapping[str, Callable[[Handle], tuple[list[GpuProcess]]]] = {
    "compute processes": _listing(
        "compute",
        pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
        pynvml.nvmlDeviceGetComputeRunningProcesses_v2,
    ),
    "graphics processes": _listing(
        "graphics",
        pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3,
        pynvml.nvmlDeviceGetGraphicsRunningProcesses_v2,
    ),
    "MPS processes": _listing(
        "mps",
        pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v3,
        pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v2,
    ),
}


def merged(listings: Iterable[Iterable[GpuProcess]]) -> list[GpuProcess]:
    """Return each process once, those with the most memory first.

    NVML lists a process that computes and draws in both listings, each time with all its memory.
    In MIG mode it lists it once for each instance: there the memory adds up.
    """
    kinds: dict[int, list[str]] = {}
    memory: dict[int, int | None] = {}
    for listing in listings:
        here: dict[int, int | None] = {}
        for process in listing:
            if process.kind not in kinds.setdefault(process.pid, []):
                kinds[process.pid].append(process.kind)
            here[process.pid] = _sum(here.get(process.pid), process.memory_used)
        memory |= {pid: _highest(memory.get(pid), used) for pid, used in here.items()}
    found = [GpuProcess(pid, "+".join(kinds[pid]), used) for pid, used in memory.items()]
    return sorted(found, key=lambda process: (-(process.memory_used or 0), process.pid))


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def _highest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)
