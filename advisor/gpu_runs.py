"""Finds the GPUs of a run: their processes have the same user and command and started together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from advisor.readings import Reading, process_name

TOGETHER = 120_000  # milliseconds, at most, from the start of one rank to the next
SMALL = 0.1  # of the largest process's memory: a smaller process is only a context of another rank


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its command, its GPUs, such as ``gpu0``, and the PID of its process on each GPU."""

    command: str
    gpus: tuple[str, ...]
    pids: tuple[int, ...]


class _Holder(NamedTuple):
    command: str
    user: str | None
    started: int
    pid: int
    gpu: str


class GpuRuns:
    """Tracks the processes on each GPU of a host, and which GPUs belong to one run. Pure."""

    def __init__(self) -> None:
        """Start with no GPUs."""
        self._pids: dict[str, Sequence[Any]] = {}
        self._holders: dict[str, _Holder] = {}
        self._runs: dict[str, Run] = {}

    def note(self, reading: Reading) -> bool:
        """Note a reading of ``gpu_processes``; return whether the runs may have changed."""
        processes = reading.values.get("processes") or ()
        gpu, pids = reading.subject, [each.get("pid") for each in processes]
        if self._pids.get(gpu) == pids:
            return False
        self._pids[gpu] = pids
        holder = _holder(gpu, processes)
        if holder is None:
            self._holders.pop(gpu, None)
        else:
            self._holders[gpu] = holder
        self._group()
        return True

    def forget(self, gpu: str) -> None:
        """Forget a GPU that is no longer read."""
        self._pids.pop(gpu, None)
        if self._holders.pop(gpu, None) is not None:
            self._group()

    def of(self, gpu: str) -> Run | None:
        """Return the run on ``gpu``; None if the GPU does not have exactly one known run."""
        return self._runs.get(gpu)

    def _group(self) -> None:
        self._runs = {}
        group: list[_Holder] = []
        for each in sorted(
            self._holders.values(), key=lambda h: (h.command, h.user or "", h.started)
        ):
            last = group[-1] if group else each
            if each[:2] != last[:2] or each.started - last.started > TOGETHER:
                self._add(group)
                group = []
            group.append(each)
        self._add(group)

    def _add(self, group: Iterable[_Holder]) -> None:
        ranks = sorted(group, key=itemgetter(4))
        if ranks:
            gpus, pids = tuple(each.gpu for each in ranks), tuple(each.pid for each in ranks)
            self._runs |= dict.fromkeys(gpus, Run(ranks[0].command, gpus, pids))


def _holder(gpu: str, processes: Sequence[Mapping[str, Any]]) -> _Holder | None:
    """Return the first large process on ``gpu``, or None if the run on the GPU is unknown.

    The run is unknown if there are no processes, the command is unknown, or the large
    processes differ in user or command. A process is large if it holds at least ``SMALL`` times the
    memory of the largest process.
    """
    most = max((each.get("memory_used") or 0 for each in processes), default=0)
    large = [each for each in processes if (each.get("memory_used") or 0) >= SMALL * most]
    owners = {(process_name(each), each.get("user")) for each in large}
    if len(owners) != 1 or not (large[0].get("command") or large[0].get("name")):
        return None
    first = large[0]
    (command, user), started = owners.pop(), first.get("started") or 0
    return _Holder(command, user, started, first.get("pid") or 0, gpu)
