"""Looks up the name, command, user and start time of each process that uses a GPU."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import psutil

from collector.sensors.command import clean, short_command, short_name
from collector.sensors.gpu.driver import GpuProcess
from telemetry.catalogue import MAX_PROCESSES

_SELDOM_SECONDS = 30.0  # seldom, because a process may change its name
_FOREIGN = (
    "The driver reports the host's process ids, which are not valid in this container: to see names"
    " and users, start the container in the host's PID namespace (docker run --pid=host)."
)
_HIDDEN = (
    "Some processes are hidden from System Monitor (/proc is mounted with hidepid): run System"
    " Monitor as a user that may see all processes, or as root."
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
    """Looks up each process at most once per tick, and caches the results for up to 30 s.

    A driver can report the host's process ids although System Monitor runs in a container with its
    own PID namespace. In the container's namespace, such an id belongs to a different process or to
    none, so the host's ids are not looked up.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with an empty cache; ``clock`` returns the monotonic time in seconds."""
        self._clock = clock
        self._known: dict[int, _Known] = {}
        self._asked: set[int] = set()
        self._missing: set[int] = set()
        self._missing_before: set[int] = set()

    def values(
        self, processes: Sequence[GpuProcess] | None, *, own_pids: bool
    ) -> Mapping[str, object]:
        """Return the values for the processes channel of a GPU.

        ``processes`` is None if the GPU does not report its processes. ``own_pids`` is true if the
        process ids belong to this process's own PID namespace.
        """
        if processes is None:
            return {"processes": None, "more": None, "unresolved": None, "note": None}
        listed = processes[:MAX_PROCESSES]
        rows = [(process, self._identity(process.pid) if own_pids else None) for process in listed]
        unresolved = [process.pid for process, identity in rows if identity is None]
        hidden = self._note_hidden(unresolved) if own_pids else _FOREIGN
        return {
            "processes": [_row(process, identity) for process, identity in rows],
            "more": len(processes) - len(listed),
            "unresolved": len(unresolved),
            "note": hidden if unresolved else None,
        }

    def end_tick(self) -> None:
        """Evict the processes that were not looked up in this tick."""
        self._known = {pid: known for pid, known in self._known.items() if pid in self._asked}
        self._missing_before, self._missing, self._asked = self._missing, set(), set()

    def _note_hidden(self, unresolved: Iterable[int]) -> str | None:
        # A process that has merely ended is not in the driver's next list. So a process that cannot
        # be found in two successive ticks is hidden.
        return _HIDDEN if self._missing_before.intersection(unresolved) else None

    def _identity(self, pid: int) -> _Identity | None:
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
        name=_if_allowed(lambda: short_name(process.name())),
        command=_if_allowed(lambda: short_command(process.cmdline())),
        user=_if_allowed(lambda: clean(process.username())),
        started=round(process.create_time() * 1000),
    )


def _if_allowed(ask: Callable[[], str | None]) -> str | None:
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
