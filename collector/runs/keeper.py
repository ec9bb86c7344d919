"""Tracks the runs of this machine, and publishes the state and the end of each run.

The keeper is not thread-safe: all its methods must be called from the same thread. Other threads
may read ``count`` and ``memory``. The methods can block, because the keeper reads the processes in
``/proc`` and the memory of cgroups.
"""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

from collector.runs.followed import RECENT, Followed, Holders
from collector.runs.jobs import first_process
from collector.runs.memory import RunMemory
from collector.runs.procfs import ProcessTable
from collector.runs.record import Run, process_identity, run_from, started_at
from collector.runs.summary import Row, RunSummary
from collector.runs.tree import ProcessTree
from telemetry.catalogue import GPU, GPU_PROCESSES, family_of
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.runs import AUTOMATIC, HELPER
from telemetry.samples import Sample

log = logging.getLogger(__name__)

_MOST_RUNS = 64  # automatic runs, and as many published by other programs
_UPDATE_SECONDS = 60.0
SILENT_SECONDS = 150.0  # without a message: a publisher publishes its run once a minute
_GRACE = 20_000  # ms that a publisher has to publish the end after the process has ended
_SETTLED_SECONDS = 5.0  # after connecting; the retained states have arrived by then
_MOST_RECENT = 4096  # samples
_REMEMBERED = 256  # ids of runs that are over

Publish = Callable[[Event], None]
"""Publishes the state or the end of a run; after an end, deletes the retained state."""


class RunKeeper:
    """Tracks the runs of ``host``.

    If a process has held GPU memory for a minute and belongs to no run, its job becomes an
    automatic run (see ``jobs.py``). The keeper also tracks the runs that `system-monitor run` and
    the Python helper publish. If the publisher of such a run falls silent, for instance because
    it was killed, the collector publishes the run from then on. Automatic runs continue after a
    restart of the collector.
    """

    def __init__(
        self,
        host: str,
        publish: Publish,
        *,
        connected: Callable[[], bool],
        table: ProcessTable | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = unix_milliseconds,
    ) -> None:
        """Start with no runs.

        ``connected`` returns whether messages from the broker can arrive. ``clock`` returns
        monotonic seconds, and ``now`` returns Unix milliseconds.
        """
        self._host = host
        self._publish = publish
        self._connected = connected
        self._table = table or ProcessTable()
        self._clock = clock
        self._now = now
        self._boot = self._table.boot()
        self._runs: dict[str, Followed] = {}
        self._holders = Holders()
        # A run is detected only after a minute. The samples of this minute belong to the run too,
        # so recent samples are kept, up to a maximum number.
        self._recent: deque[Sample] = deque(maxlen=_MOST_RECENT)
        self._over: OrderedDict[str, None] = OrderedDict()
        self._refused = False
        self._connected_at: float | None = None
        self._knows_others = False
        self._memory = RunMemory()
        self.memory: Sequence[Row] = ()  # a row for each run, as of the newest step

    @property
    def active(self) -> bool:
        """Whether there is a run, or a process that might become one."""
        return bool(self._runs or len(self._holders))

    @property
    def count(self) -> int:
        """The number of tracked runs."""
        return len(self._runs)

    def note_sample(self, sample: Sample) -> None:
        """Update the runs from a sample of a GPU or of the processes on a GPU."""
        family = family_of(sample.channel)
        if family not in (GPU, GPU_PROCESSES):
            return
        for each in self._runs.values():
            each.note(sample)
        rows: Any = sample.values.get("processes")
        if rows:
            self._holders.note(sample.timestamp, rows)
        self._recent.append(sample)
        while self._recent[0].timestamp < sample.timestamp - RECENT:
            self._recent.popleft()

    def note_run(self, event: Event) -> None:
        """Handle a run's state or end, received from the broker."""
        run = run_from(event)
        known = self._runs.get(run.id)
        if event.host != self._host or run.channel != event.channel or run.id in self._over:
            return
        if event.is_end:
            self._note_end(event, known)
        elif known is not None:
            known.received_at = self._clock()
            if known.tree is None:  # only its publisher can measure what it uses
                known.summary = _summary(run, event)
        elif run.how == AUTOMATIC:
            self._continue(run, event)
        else:
            self._follow(run, event, own=False)

    def is_outdated(self, event: Event) -> bool:
        """Return whether ``event`` is a state of an ended run of this host."""
        run = run_from(event)
        is_ours = event.host == self._host and run.channel == event.channel
        return is_ours and not event.is_end and run.id in self._over

    def step(self) -> None:
        """Check the processes; begin, publish and end runs as needed."""
        followed = {pid for each in self._runs.values() if each.tree for pid in each.tree.pids}
        self._table.update(followed)
        now = self._now()
        for each in self._runs.values():
            each.update(self._table.processes, self._table.new, now)
        self._note_connection()
        due = self._holders.due(now)
        for row in due if self._knows_others else ():
            self._consider(row)
        for each in list(self._runs.values()):
            self._publish_if_due(each, now)
        self.memory = self._memory.rows(self._runs.values())

    def publish_all(self) -> None:
        """Publish the latest states of the collector's own runs before the collector stops."""
        for each in self._runs.values():
            if each.own and each.ended is None:
                self._publish(each.state(self._now()))

    def _note_connection(self) -> None:
        """Note whether messages about runs can arrive.

        While messages cannot arrive, no publisher counts as silent.
        """
        clock = self._clock()
        if not self._connected():
            self._connected_at = None
            for each in self._runs.values():
                each.received_at = clock
        elif self._connected_at is None:
            self._connected_at = clock
        elif clock - self._connected_at >= _SETTLED_SECONDS:
            self._knows_others = True

    def _consider(self, row: Row) -> None:
        """Begin an automatic run for the process in ``row``, unless a run contains the process."""
        pid = row["pid"]
        process = self._table.processes.get(pid)
        if process is None or process.over:
            return
        if any(each.is_ours(row) for each in self._runs.values()):
            return
        table = self._table
        first = first_process(process, table.processes, table.arguments, table.owner)
        identity = process_identity(first, self._boot)
        run_id = f"auto-{identity}"
        if run_id in self._runs or run_id in self._over:
            return
        if not self._has_room(AUTOMATIC):
            return
        command = row.get("command") or row.get("name")
        run = Run(
            id=run_id,
            name=command or f"process {first.pid}",
            host=self._host,
            how=AUTOMATIC,
            started=started_at(first),
            pid=first.pid,
            process=identity,
            user=row.get("user"),
            command=command,
        )
        followed = self._add(run, ProcessTree(first), RunSummary(run.started), own=True)
        followed.update(table.processes, table.new, self._now())
        for sample in self._recent:
            followed.note(sample)

    def _continue(self, run: Run, event: Event) -> None:
        """Continue an automatic run after a collector restart.

        The run ends if its first process has ended.
        """
        followed = self._follow(run, event, own=True)
        if followed is not None and followed.tree is None:
            followed.ended = followed.summary.seen_until

    def _follow(self, run: Run, event: Event, *, own: bool) -> Followed | None:
        if not self._has_room(run.how):
            return None
        process = None if run.pid is None else self._table.read(run.pid)
        if process and process_identity(process, self._boot) != run.process:
            process = None  # another process has this id now
        tree = ProcessTree(process, is_part=run.how == HELPER) if process else None
        return self._add(run, tree, _summary(run, event), own=own)

    def _has_room(self, how: str) -> bool:
        automatic = how == AUTOMATIC
        same = sum((each.run.how == AUTOMATIC) == automatic for each in self._runs.values())
        if same < _MOST_RUNS:
            return True
        if not self._refused:
            kind = "automatic runs" if automatic else "runs that are not automatic"
            log.warning("%d %s are under way: further ones are not tracked.", _MOST_RUNS, kind)
        self._refused = True
        return False

    def _add(
        self, run: Run, tree: ProcessTree | None, summary: RunSummary, *, own: bool
    ) -> Followed:
        followed = Followed(run, tree, summary, own, received_at=self._clock())
        self._runs[run.id] = followed
        return followed

    def _note_end(self, event: Event, known: Followed | None) -> None:
        """Forget a run whose publisher has published its end.

        A summary from the Python helper has only a few values. So if the collector has measured a
        run from the helper, it publishes the end again, with the measured values.
        """
        if known is None or known.run.how == AUTOMATIC:
            return
        self._forget(known)
        if known.run.how == HELPER and known.tree is not None:
            self._publish(known.completed(event))

    def _publish_if_due(self, followed: Followed, now: int) -> None:
        clock = self._clock()
        if not followed.own:
            ended = followed.ended is not None and now - followed.ended >= _GRACE
            if not ended and clock - followed.received_at < SILENT_SECONDS:
                return
            followed.own = True  # its publisher was killed, or no longer publishes
            if followed.tree is None:
                followed.ended = followed.summary.seen_until
        if followed.ended is not None:
            self._forget(followed)
            self._publish(followed.end())
            return
        gpus = frozenset(followed.summary.gpu.gpus)
        due = clock - followed.published_at >= _UPDATE_SECONDS
        if due or gpus != followed.published_gpus:
            followed.published_at, followed.published_gpus = clock, gpus
            self._publish(followed.state(now))

    def _forget(self, followed: Followed) -> None:
        del self._runs[followed.run.id]
        # Remove the run's row now: after the last run has ended, no further step would remove it.
        self.memory = [row for row in self.memory if row["run"] != followed.run.id]
        self._over[followed.run.id] = None
        if len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)


def _summary(run: Run, event: Event) -> RunSummary:
    """Return a summary of ``run`` that continues the summary in ``event``."""
    seed: Any = event.values.get("summary")
    gpus: Any = event.values.get("gpus") or ()
    numbers = (int(gpu) for gpu in gpus if gpu.isdecimal())
    return RunSummary(run.started, seed, numbers, is_part=run.how == HELPER)
