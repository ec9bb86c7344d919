"""Tracks a process and its descendants, including descendants whose parent has ended. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from collector.runs.procfs import TICKS, Process


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """The resources that a process tree has used so far.

    ``ram_peak`` is in bytes: the largest sum of the processes' RSS at any update, or the peak RSS
    of a single process if that is larger. Memory shared by several processes counts once for each
    of them. ``cpu_seconds``, ``read_bytes`` and ``written_bytes`` include processes that have
    ended. A value that cannot be read is None.
    """

    cpu_seconds: float
    ram_peak: int
    read_bytes: int | None
    written_bytes: int | None


class ProcessTree:
    """Tracks the process ``root`` and its descendants from one process table to the next.

    A process belongs to the tree if its parent does, or if the leader of its process group or
    session does, even after that leader has ended. This finds a process even if its parent ended
    before the process was seen. ``foster`` is the id of a process that adopts processes whose
    parent has ended. The children of ``foster`` belong to the tree too, unless they started before
    the root.

    ``is_part`` is true if the run began later than its first process. In this case, the peak RSS
    that the kernel reports for a process does not count, because the peak may be from before the
    run.
    """

    def __init__(self, root: Process, foster: int | None = None, *, is_part: bool = False) -> None:
        """Start with ``root`` only; the first update finds its descendants."""
        self.root = root
        self._is_part = is_part
        self._foster = foster
        self._members: dict[int, Process] = {root.pid: root}
        self._led = {root.pid}
        self._is_first = True
        self._ended: Counter[str] = Counter()  # usage of ended processes not waited for
        self._ram_peak = 0
        self._traffic_is_known = False

    @property
    def pids(self) -> Collection[int]:
        """The ids of the tree's processes that have not been reaped."""
        return self._members.keys()

    @property
    def running(self) -> bool:
        """Whether any process of the tree is still running."""
        return any(not process.over for process in self._members.values())

    @property
    def root_is_running(self) -> bool:
        """Whether the process ``root`` is still running."""
        root = self._members.get(self.root.pid)
        return root is not None and root.started == self.root.started and not root.over

    def private(self) -> int | None:
        """Return the private memory of the tree's processes, in bytes; None if unknown."""
        known = [each.usage.private for each in self._members.values()]
        held = [each for each in known if each is not None]
        return sum(held) if held else None

    def update(self, processes: Mapping[int, Process], new: Iterable[Process]) -> None:
        """Update the tree from the current ``processes``.

        ``new`` contains at least the processes that were not in the previous ``processes``.
        """
        before, now = self._members, {}
        for pid, last in before.items():
            process = processes.get(pid)
            if process is not None and process.started == last.started:
                now[pid] = process
        self._members = now
        self._count_ended(before, now)
        self._led &= {number for each in now.values() for number in (each.group, each.session)}
        self._led |= now.keys()
        self._join(processes.values() if self._is_first else new)
        self._is_first = False
        self._note_usage()

    def usage(self) -> TreeUsage:
        """Return the resources that the tree has used so far."""
        members = self._members.values()
        ticks = self._ended["cpu"] + sum(each.cpu + each.waited for each in members)
        read = self._ended["read"] + sum(each.usage.read or 0 for each in members)
        written = self._ended["written"] + sum(each.usage.written or 0 for each in members)
        known = self._traffic_is_known
        return TreeUsage(
            ticks / TICKS, self._ram_peak, read if known else None, written if known else None
        )

    def _join(self, candidates: Iterable[Process]) -> None:
        # A parent may come after its child, because ids wrap around.
        waiting = [each for each in candidates if each.pid not in self._members]
        while joining := [each for each in waiting if self._belongs(each)]:
            self._members |= {each.pid: each for each in joining}
            self._led |= {each.pid for each in joining}
            waiting = [each for each in waiting if each.pid not in self._members]

    def _belongs(self, process: Process) -> bool:
        parent = self._members.get(process.parent)
        if parent is not None:
            return parent.started <= process.started
        if process.parent == self._foster:
            return process.started >= self.root.started
        return process.group in self._led or process.session in self._led

    def _count_ended(self, before: Mapping[int, Process], now: Mapping[int, Process]) -> None:
        """Add the usage of processes that have ended, unless an ancestor's figures include it."""
        by_heir: dict[int | None, list[Process]] = {}
        for pid, process in before.items():
            if pid not in now:
                by_heir.setdefault(_heir(process, before, now), []).append(process)
        for heir, ended in by_heir.items():
            ticks = sum(each.cpu + each.waited for each in ended)
            taken_over = 0 if heir is None else now[heir].waited - before[heir].waited
            if taken_over >= ticks and heir is not None:
                continue
            self._ended["cpu"] += ticks - taken_over
            self._ended["read"] += sum(each.usage.read or 0 for each in ended)
            self._ended["written"] += sum(each.usage.written or 0 for each in ended)

    def _note_usage(self) -> None:
        members = self._members.values()
        together = sum(process.rss for process in members)
        alone = max((process.usage.peak or 0 for process in members), default=0)
        self._ram_peak = max(self._ram_peak, together, 0 if self._is_part else alone)
        self._traffic_is_known |= any(process.usage.read is not None for process in members)


def _heir(
    process: Process, before: Mapping[int, Process], now: Mapping[int, Process]
) -> int | None:
    """Return the id of the nearest ancestor that still exists, or None."""
    seen = {process.pid}
    while process.parent not in seen:
        if process.parent in now:
            return process.parent
        if process.parent not in before:
            return None
        process = before[process.parent]
        seen.add(process.pid)
    return None
