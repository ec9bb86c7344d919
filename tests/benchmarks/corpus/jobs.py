"""The jobs of a simulated machine, and what is wrong with them."""

from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.corpus.shapes import Shape, flat

EPOCH = 1_767_225_600_000  # ms
HOUR = 3600.0


@dataclass
class Truth:
    """What is wrong: from ``onset`` until ``end``, in seconds since the recording began.

    ``end`` is when the memory ran out, or when the trouble was over; the simulation fills it in.
    """

    kind: str
    subject: str
    onset: float
    end: float = float("inf")


@dataclass
class Job:
    """A process on a GPU from ``start`` to ``end``; ``memory`` in bytes since its start."""

    memory: Shape
    start: float = 0.0
    end: float = float("inf")
    utilization: Shape = field(default_factory=lambda: flat(95.0))
    command: str = "python3 train.py"
    pid: int = 4242
    truth: Truth | None = None  # a leak: ends when the memory runs out

    def at(self, time: float) -> float | None:
        """Return the memory in use, or None if the job does not run."""
        return self.memory(time - self.start) if self.start <= time < self.end else None


@dataclass
class Run:
    """A run that the collector follows, with its memory in bytes since its start.

    ``cache`` are files in RAM that its cgroup is charged for, and ``limit`` is that of the cgroup.
    ``read`` are the bytes that it has read since its start.
    """

    memory: Shape
    start: float = 0.0
    end: float = float("inf")
    limit: float | None = None
    cache: Shape = field(default_factory=lambda: flat(0.0))
    read: Shape = field(default_factory=lambda: flat(0.0))
    number: int = 1
    truth: Truth | None = None  # a leak: ends when the memory runs out

    @property
    def subject(self) -> str:
        """The subject of findings about it."""
        return f"run-auto-{self.number}"

    def row(self, time: float) -> dict[str, Any] | None:
        """Return what is published of it; None if it does not run, or has just been killed."""
        if not self.start <= time < self.end:
            return None
        held = max(0.0, self.memory(time - self.start))
        charged = held + self.cache(time - self.start)
        if self.limit is not None and charged > self.limit:
            self.kill(time)
            return None
        return {
            "run": f"auto-{self.number}",
            "name": "python3 train.py",
            "pid": 4000 + self.number,
            "started": EPOCH + int(self.start * 1000),
            "ram_used": int(held),
            "read_bytes": int(self.read(time - self.start)),
            "cgroup_limit": None if self.limit is None else int(self.limit),
            "cgroup_used": None if self.limit is None else int(charged),
        }

    def kill(self, time: float) -> None:
        """The kernel kills it."""
        self.end = time
        if self.truth is not None:
            self.truth.end = time
