"""Whose process a process id is: its name, command, user and start."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from collector.sensors.command import clean, short_command, short_name
from collector.sensors.gpu.nvml.processes import GpuProcess
from telemetry.catalogue import MAX_PROCESSES

_SELDOM_SECONDS = 30.0  # a process may give itself another name
# PROC_PID_INIT_INO in the kernel's proc_ns.h: the namespace in which every process has its number.
_FIRST_NAMESPACE = "pid:[4026531836]"
_OPEN_DRIVER = "Open Kernel Module"

_FOREIGN = (
    "The driver tells the process ids of the machine, which mean nothing in this container: start"
    " it with the machine's process ids (docker run --pid=host) to see names and users."
)
_HIDDEN = (
    "Some processes are hidden from System Monitor (hidepid of /proc): run it as a user that may"
    " see them, or as root."
)


class _Identity(NamedTuple):
    name: str | None
    command: str | None
    user: str | None
    started: int


class _Known(NamedTuple):
    process: psutil.Process
    identity: _Identity
    due: float


class ProcessTable:
    """Looks up the processes of all GPUs, each once a tick, and remembers what seldom changes.

    A driver may tell ids of the machine where this process lives in a container with ids of its
    own. There an id would name another process, or none: nothing is looked up. Only NVIDIA's open
    kernel module translates them.
    """

    def __init__(self, proc: Path, clock: Callable[[], float]) -> None:
        """Judge by ``proc`` whether ids can be trusted; ``clock`` is monotonic, in seconds."""
        self._proc = proc
        self._clock = clock
        self._known: dict[int, _Known] = {}
        self._asked: set[int] = set()
        self._missing: set[int] = set()
        self._missing_before: set[int] = set()
        self._foreign = False

    def open(self) -> None:
        """Find out whether process ids are those of this process' own namespace."""
        self._foreign = _ids_are_foreign(self._proc)

    def values(self, processes: Sequence[GpuProcess] | None) -> Mapping[str, object]:
        """Return the catalogue's fields; None stands for a GPU that does not tell its processes."""
        if processes is None:
            return {"processes": None, "more": None, "unresolved": None, "note": None}
        listed = processes[:MAX_PROCESSES]
        rows = [(process, self._identity(process.pid)) for process in listed]
        unresolved = [process.pid for process, identity in rows if identity is None]
        return {
            "processes": [_row(process, identity) for process, identity in rows],
            "more": len(processes) - len(listed),
            "unresolved": len(unresolved),
            "note": self._note(unresolved),
        }

    def end_tick(self) -> None:
        """Forget the processes that were not asked for since the last call."""
        self._known = {pid: known for pid, known in self._known.items() if pid in self._asked}
        self._missing_before, self._missing, self._asked = self._missing, set(), set()

    def _note(self, unresolved: Iterable[int]) -> str | None:
        if self._foreign:
            return _FOREIGN if unresolved else None
        # One that has ended since it was listed is gone from the next listing.
        return _HIDDEN if self._missing_before.intersection(unresolved) else None

    def _identity(self, pid: int) -> _Identity | None:
        if self._foreign:
            return None
        known, now = self._known.get(pid), self._clock()
        if pid in self._asked:
            return known.identity if known else None
        self._asked.add(pid)
        if known and now < known.due and known.process.is_running():
            return known.identity
        self._known.pop(pid, None)
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                identity = _identify(process)
        except psutil.Error:
            self._missing.add(pid)
            return None
        self._known[pid] = _Known(process, identity, now + _SELDOM_SECONDS)
        return identity


def _identify(process: psutil.Process) -> _Identity:
    return _Identity(
        name=_told(lambda: short_name(process.name())),
        command=_told(lambda: short_command(process.cmdline())),
        user=_told(lambda: clean(process.username())),
        started=round(process.create_time() * 1000),
    )


def _told(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask() or None
    except (psutil.AccessDenied, psutil.ZombieProcess, OSError):
        return None


def _row(process: GpuProcess, identity: _Identity | None) -> Mapping[str, object]:
    return {
        "pid": process.pid,
        "name": identity.name if identity else None,
        "command": identity.command if identity else None,
        "user": identity.user if identity else None,
        "memory_used": process.memory_used,
        "kind": process.kind,
        "started": identity.started if identity else None,
        "gpu_instance": process.gpu_instance,
    }


def _ids_are_foreign(proc: Path) -> bool:
    if sys.platform != "linux":
        return False
    try:
        if str((proc / "self" / "ns" / "pid").readlink()) == _FIRST_NAMESPACE:
            return False
        driver = (proc / "driver" / "nvidia" / "version").read_text("utf-8", errors="replace")
    except OSError:
        return True
    return _OPEN_DRIVER not in driver
