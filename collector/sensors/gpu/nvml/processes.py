"""Reads from NVML which processes use a GPU, and how much GPU memory each process uses."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pynvml

from collector.sensors.gpu.driver import GpuProcess
from collector.sensors.gpu.nvml.library import Handle, first_known

# Linux assigns only smaller process ids (PID_MAX_LIMIT in the kernel's threads.h).
_MAX_PID = 2**31
_MAX_MEMORY = 2**50
_NO_INSTANCE = 0xFFFFFFFF
# The initial PID namespace, in which every process has an id (PROC_PID_INIT_INO in proc_ns.h).
_FIRST_NAMESPACE = "pid:[4026531836]"
_OPEN_DRIVER = "Open Kernel Module"


def reports_own_pids(proc: Path) -> bool:
    """Return whether the process ids that NVML reports are valid in this process's PID namespace.

    In a container with its own PID namespace, NVML reports the host's process ids, unless NVIDIA's
    open kernel module translates them.
    """
    if sys.platform != "linux":
        return True
    try:
        if str((proc / "self" / "ns" / "pid").readlink()) == _FIRST_NAMESPACE:
            return True
        driver = (proc / "driver" / "nvidia" / "version").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return _OPEN_DRIVER in driver


def _listing(kind: str, *calls: Callable[[Handle], Iterable[Any]]) -> Callable[[Handle], Any]:
    def ask(handle: Handle) -> tuple[list[GpuProcess]]:
        listed = first_known(handle, *calls)
        return ([_process(each, kind) for each in listed if 0 < each.pid < _MAX_PID],)

    return ask


def _process(listed: Any, kind: str) -> GpuProcess:  # noqa: ANN401 - pynvml has no types
    memory = listed.usedGpuMemory  # pynvml returns None if NVML has no value
    return GpuProcess(
        pid=listed.pid,
        kind=kind,
        memory_used=memory if memory is None or memory < _MAX_MEMORY else None,
        gpu_instance=listed.gpuInstanceId if listed.gpuInstanceId < _NO_INSTANCE else None,
    )


# Drivers before R510 support only version 2 of each call.
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
    """Return each process once per GPU instance, largest memory use first.

    NVML reports compute, graphics and MPS processes in separate lists. A process of several kinds
    appears in several. Each of these lists reports the process's total memory use, so the numbers
    must not be added up.
    """
    found: dict[tuple[int, int | None], GpuProcess] = {}
    for process in (process for listing in listings for process in listing):
        place = process.pid, process.gpu_instance
        found[place] = _joined(found[place], process) if place in found else process
    return sorted(found.values(), key=lambda process: (-(process.memory_used or 0), process.pid))


def _joined(one: GpuProcess, other: GpuProcess) -> GpuProcess:
    kinds = one.kind.split("+")
    return one._replace(
        kind="+".join(kinds if other.kind in kinds else [*kinds, other.kind]),
        memory_used=max((one.memory_used, other.memory_used), key=lambda used: used or 0),
    )
