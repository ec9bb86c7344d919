"""A run that the collector tracks, and the GPU processes that might become runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.runs.procfs import Process
from collector.runs.record import Run
from collector.runs.summary import Row, RunSummary
from collector.runs.tree import ProcessTree
from telemetry.catalogue import GPU_PROCESSES, family_of, place_of
from telemetry.events import Event
from telemetry.runs import AUTOMATIC
from telemetry.samples import Sample

_LONG_ENOUGH = 60_000  # ms for which a process must hold GPU memory to become a run
_FORGOTTEN = 130_000  # ms without a reading; the longest interval between readings is 60 s
RECENT = _LONG_ENOUGH + 10_000  # ms of samples to keep for a run that is detected later


@dataclass(slots=True)
class Followed:
    """A run, its processes and its summary.

    ``own`` is true if the collector itself publishes the run: the run is automatic, or its
    publisher has gone silent. ``received_at`` is when the publisher's last message arrived. While
    the broker is unreachable, ``received_at`` is repeatedly set to the current time, so that the
    publisher does not count as silent. ``published_at`` is when the collector last published the
    run. Both times are in monotonic seconds.

    ``tree`` is None if the collector did not find the run's first process. ``ended``, in Unix
    milliseconds, is when the run was found to have ended: an automatic run ends with its last
    process, any other run with its first. If the collector takes over a run that has no ``tree``,
    ``ended`` is when the run was last known to be under way.
    """

    run: Run
    tree: ProcessTree | None
    summary: RunSummary
    own: bool
    received_at: float
    published_at: float = float("-inf")
    published_gpus: frozenset[int] = frozenset()
    ended: int | None = None

    def update(self, processes: Mapping[int, Process], new: Iterable[Process], now: int) -> None:
        """Update the run from the current processes; ``now`` is in Unix milliseconds."""
        if self.tree is None:
            return
        self.tree.update(processes, new)
        self.summary.note_usage(self.tree.usage())
        # A published run ends with its first process. No single process stands for an automatic
        # run, so an automatic run ends with its last process.
        automatic = self.run.how == AUTOMATIC
        running = self.tree.running if automatic else self.tree.root_is_running
        if not running and self.ended is None:
            self.ended = now

    def note(self, sample: Sample) -> None:
        """Update the run from a sample of a GPU or of its processes."""
        gpu = int(place_of(sample.channel)["id"])
        if family_of(sample.channel) is GPU_PROCESSES:
            gpus = self.summary.gpu
            gpus.note_processes(gpu, sample.timestamp, sample.values, self.is_ours)
        else:
            self.summary.gpu.note_sample(gpu, sample.timestamp, sample.values)

    def is_ours(self, row: Row) -> bool:
        """Whether a process on a GPU belongs to this run."""
        return self.tree is not None and row.get("pid") in self.tree.pids

    def state(self, now: int) -> Event:
        """Return the state to publish while the run is under way."""
        return self.run.state(self.summary.gpu.gpus, self.summary.values(now))

    def end(self) -> Event:
        """Return the run's end event; the collector knows neither the exit code nor the signal."""
        ended = self.run.started if self.ended is None else self.ended
        return self.run.end(ended, self.summary.gpu.gpus, self.summary.values(ended))

    def completed(self, end: Event) -> Event:
        """Return the publisher's ``end``, but with the collector's summary of the run.

        Values unknown to the collector are taken from the publisher's summary.
        """
        values: Any = end.values
        summary = self.summary.values(values["ended"])
        theirs = values["summary"] or {}
        summary |= {name: theirs.get(name) for name, each in summary.items() if each is None}
        how = {name: values[name] for name in ("exit_code", "signal")}
        return self.run.end(values["ended"], self.summary.gpu.gpus, summary, **how)


@dataclass(slots=True)
class _Holder:
    since: int
    until: int
    row: Row


@dataclass(slots=True)
class Holders:
    """Records the GPU processes that might become runs, and when each was first seen on a GPU."""

    _by_process: dict[tuple[int, int], _Holder] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many GPU processes might become runs."""
        return len(self._by_process)

    def note(self, timestamp: int, rows: Iterable[Row]) -> None:
        """Note which processes of one GPU might become runs; ``rows`` lists the GPU's processes."""
        for row in rows:
            if not _holds(row):
                continue
            key = row["pid"], row["started"]
            holder = self._by_process.setdefault(key, _Holder(timestamp, timestamp, row))
            holder.until = max(holder.until, timestamp)
            if (row.get("memory_used") or 0) > (holder.row.get("memory_used") or 0):
                holder.row = row

    def due(self, now: int) -> list[Row]:
        """Return the processes that have held GPU memory for at least a minute.

        The process with the most GPU memory comes first. A process that has not been on any GPU's
        list for 130 s has probably ended, and is forgotten.
        """
        self._by_process = {
            key: each for key, each in self._by_process.items() if now - each.until < _FORGOTTEN
        }
        due = [
            each.row
            for each in self._by_process.values()
            if each.until - each.since >= _LONG_ENOUGH
        ]
        return sorted(due, key=lambda row: -(row.get("memory_used") or 0))


def _holds(row: Row) -> bool:
    """Return whether a row has a PID and start time, but is neither graphics nor an MPS server."""
    is_known = row.get("pid") is not None and row.get("started") is not None
    is_server = str(row.get("name")).startswith("nvidia-cuda-mps")
    return is_known and row.get("kind") != "graphics" and not is_server
