"""A run as published: its state while it is under way, and its end."""

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collector.runs.procfs import TICKS, Process
from telemetry.catalogue import RUN
from telemetry.clock import unix_milliseconds
from telemetry.events import END, Event


@dataclass(frozen=True, slots=True)
class Run:
    """The properties of a run that do not change while it is under way.

    ``process`` identifies the run's first process, whose id is ``pid``; see ``process_identity``.
    ``started`` is when the run started, in Unix milliseconds.
    """

    id: str
    name: str
    host: str
    how: str
    started: int
    pid: int | None = None
    process: str | None = None
    user: str | None = None
    command: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def channel(self) -> str:
        """The channel of the run's state."""
        return RUN.channel.format(run=self.id)

    def state(self, gpus: Iterable[int], summary: Mapping[str, Any] | None) -> Event:
        """Return the event that reports the run's current state."""
        return Event(self.channel, self.id, self.started, self.host, self._values(gpus, summary))

    def end(
        self,
        ended: int,
        gpus: Iterable[int],
        summary: Mapping[str, Any] | None,
        *,
        exit_code: int | None = None,
        signal: str | None = None,
    ) -> Event:
        """Return the event that reports the run's end; ``ended`` is in Unix milliseconds."""
        values = self._values(gpus, summary)
        values |= {"ended": ended, "exit_code": exit_code, "signal": signal}
        return Event(self.channel, self.id + END, ended, self.host, values)

    def _values(self, gpus: Iterable[int], summary: Mapping[str, Any] | None) -> dict[str, Any]:
        return {
            "name": self.name,
            "tags": list(self.tags),
            "user": self.user,
            "command": self.command,
            "pid": self.pid,
            "process": self.process,
            "gpus": [str(gpu) for gpu in sorted(gpus)],
            "started": self.started,
            "ended": None,
            "exit_code": None,
            "signal": None,
            "how": self.how,
            "summary": summary,
        }


def run_from(event: Event) -> Run:
    """Return the run that ``event`` is about."""
    values: Mapping[str, Any] = event.values
    return Run(
        id=event.id.removesuffix(END),
        name=values["name"],
        host=event.host or "",
        how=values["how"],
        started=values["started"],
        pid=values["pid"],
        process=values["process"],
        user=values["user"],
        command=values["command"],
        tags=tuple(values["tags"]),
    )


def process_identity(process: Process, boot: str) -> str:
    """Return a hash that identifies ``process`` even after its process id has been reused.

    ``boot`` is the id that the kernel generates at each boot. The hash stays the same when the
    collector restarts or the clock is set. Processes in two containers can have the same process
    id, but their hashes differ, because the hash also depends on the start time.
    """
    content = f"{boot} {process.pid} {process.started}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def started_at(process: Process) -> int:
    """Return when ``process`` started, in Unix milliseconds."""
    seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - process.started / TICKS
    return unix_milliseconds() - round(seconds * 1000)
