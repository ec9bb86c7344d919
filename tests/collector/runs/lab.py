"""Made-up processes and GPUs, and the runs that a collector makes of them."""

from collections.abc import Iterable
from typing import Any

from collector.runs.keeper import RunKeeper
from collector.runs.procfs import TICKS, Process, ProcessTable
from collector.runs.record import Run, process_identity
from telemetry.events import Event
from telemetry.samples import Sample
from tests.collector.runs.test_tree import process

START = 1_800_000_000_000
GB = 10**9
BOOT = "a boot"
PYTHON = ["/usr/bin/python3", "train.py"]


class Machine(ProcessTable):
    """Processes that a test starts and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[int, Process] = {}
        self.commands: dict[int, list[str]] = {}

    def start(self, pid: int, parent: int = 1, command: Iterable[str] = PYTHON) -> None:
        self.all[pid] = process(pid, parent, started=TICKS * pid)
        self.commands[pid] = list(command)

    def update(self, followed: Iterable[int]) -> None:
        del followed
        self.new = [each for pid, each in self.all.items() if self.processes.get(pid) != each]
        self.processes = dict(self.all)

    def read(self, pid: int, *, usage: bool = False) -> Process | None:
        del usage
        return self.all.get(pid)

    def arguments(self, pid: int) -> list[str]:
        return self.commands.get(pid, [])

    def owner(self, pid: int) -> int | None:
        return 1000 if pid in self.all and pid > 1 else None

    def boot(self) -> str:
        return BOOT


class Lab:
    """A machine with GPUs, and what its collector publishes."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.published: list[Event] = []
        self.now = START
        self.connected = True
        self.on_gpus: dict[int, list[int]] = {}
        self.restart()

    def restart(self) -> None:
        """Start another collector, which knows nothing."""
        self.keeper = RunKeeper(
            "me",
            self.published.append,
            connected=lambda: self.connected,
            table=self.machine,
            clock=lambda: self.now / 1000,
            now=lambda: self.now,
        )

    def hold(self, *pids: int, gpu: int = 0) -> None:
        self.on_gpus[gpu] = list(pids)

    def wait(self, seconds: float) -> None:
        """Take a reading every 2 s."""
        for _ in range(round(seconds / 2)):
            self.now += 2000
            for gpu, pids in self.on_gpus.items():
                rows = [self.row(pid) for pid in pids if pid in self.machine.all]
                reading = {"utilization": 50.0, "throttle_reasons": []}
                listed = {"processes": rows, "note": None}
                for channel, values in (("", reading), ("/processes", listed)):
                    sample = Sample(f"system/gpu/{gpu}{channel}", "me", self.now, values)
                    self.keeper.note_sample(sample)
            self.keeper.step()

    def row(self, pid: int, **more: Any) -> dict[str, Any]:
        return {
            "pid": pid,
            "name": "python3",
            "command": "python3 train.py",
            "user": "ada",
            "memory_used": GB,
            "kind": "compute",
            "started": pid,
            **more,
        }

    @property
    def states(self) -> list[Event]:
        return [each for each in self.published if not each.is_end]

    @property
    def ends(self) -> list[Event]:
        return [each for each in self.published if each.is_end]

    def run_of_another(self, pid: int | None = 70, how: str = "command", **more: Any) -> Run:
        first = None if pid is None else process(pid, started=TICKS * pid)
        identity = None if first is None else process_identity(first, BOOT)
        return Run(f"{how}-1", "ablation-7", "me", how, self.now, pid=pid, process=identity, **more)


def values(event: Event) -> dict[str, Any]:
    return dict(event.values)
