"""When runs begin, go on and end, with made-up processes and a clock that the tests set."""

from collections.abc import Iterable
from typing import Any

import pytest

from collector.runs import keeper as keeper_module
from collector.runs.keeper import SILENT_SECONDS, RunKeeper
from collector.runs.procfs import TICKS, Process, ProcessTable, Usage
from collector.runs.record import Run, process_identity, run_from
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


@pytest.fixture
def lab() -> Lab:
    return Lab()


def values(event: Event) -> dict[str, Any]:
    return dict(event.values)


def test_a_process_that_holds_gpu_memory_for_a_minute_is_a_run(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(58)
    assert lab.published == []
    lab.wait(6)
    begin = lab.states[0]
    assert (begin.host, begin.id[:5]) == ("me", "auto-")
    assert begin.channel == f"system/runs/{begin.id}"
    assert {name: begin.values[name] for name in ("name", "user", "pid", "how", "ended")} == {
        "name": "python3 train.py",
        "user": "ada",
        "pid": 70,
        "how": "automatic",
        "ended": None,
    }
    lab.wait(4)
    assert lab.states[-1].values["gpus"] == ["0"]


def test_the_minute_before_it_begins_belongs_to_it(lab: Lab) -> None:
    lab.hold(gpu=0)
    lab.wait(20)
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(180)
    held = values(lab.states[-1])["summary"]["gpu_hours"] * 3600
    assert held == pytest.approx((lab.now - 20_000 - START) / 1000, abs=62)
    assert held >= 120


def test_it_is_published_once_a_minute_with_what_it_has_used(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(66)
    before = len(lab.states)
    lab.wait(240)
    assert 3 <= len(lab.states) - before <= 4
    assert {each.id for each in lab.states} == {lab.states[0].id}
    assert {each.timestamp for each in lab.states} == {lab.states[0].timestamp}
    assert values(lab.states[-1])["summary"]["gpu_utilization_mean"] == 50.0


def test_it_ends_when_its_last_process_has(lab: Lab) -> None:
    lab.machine.start(70)
    lab.machine.start(71, parent=70)
    lab.hold(70)
    lab.wait(66)
    del lab.machine.all[70]
    lab.wait(10)
    assert lab.ends == []
    del lab.machine.all[71]
    lab.wait(2)
    (end,) = lab.ends
    assert end.id == f"{lab.states[0].id}.end"
    assert (end.values["ended"], end.timestamp) == (lab.now, lab.now)
    assert (end.values["exit_code"], end.values["signal"]) == (None, None)
    lab.wait(120)
    assert len(lab.ends) == 1


def test_a_short_process_is_not_a_run(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(40)
    del lab.machine.all[70]
    lab.wait(300)
    assert lab.published == []
    assert not lab.keeper.active


def test_a_desktop_is_not_a_run(lab: Lab) -> None:
    lab.machine.start(70)
    for _ in range(100):
        lab.now += 2000
        rows = [lab.row(70, kind="graphics"), lab.row(71, started=None)]
        rows.append(lab.row(72, name="nvidia-cuda-mps"))
        listed = {"processes": rows, "note": None}
        lab.keeper.note_sample(Sample("system/gpu/0/processes", "me", lab.now, listed))
        lab.keeper.step()
    assert lab.published == []


def test_the_workers_of_a_launcher_are_one_run(lab: Lab) -> None:
    lab.machine.start(60, command=["bash"])
    lab.machine.start(70, 60, ["/opt/bin/python3.11", "/opt/bin/torchrun", "train.py"])
    for gpu in range(4):
        lab.machine.start(80 + gpu, 70, ["/usr/bin/python", "-u", "train.py"])
        lab.hold(80 + gpu, gpu=gpu)
    lab.wait(70)
    assert {values(each)["pid"] for each in lab.states} == {70}
    assert lab.states[-1].values["gpus"] == ["0", "1", "2", "3"]


def test_what_a_scheduler_starts_later_is_a_run_of_its_own(lab: Lab) -> None:
    lab.machine.start(70, command=["/usr/bin/python3", "/usr/bin/scheduler"])
    lab.machine.start(5000, 70)
    lab.hold(5000)
    lab.wait(70)
    assert {values(each)["pid"] for each in lab.states} == {5000}


def test_no_run_begins_before_the_runs_of_others_are_known(lab: Lab) -> None:
    lab.connected = False
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(200)
    assert lab.published == []
    lab.connected = True
    lab.wait(4)
    assert lab.published == []
    lab.wait(6)
    assert len(lab.states) > 0


def test_each_notebook_is_a_run_and_the_server_is_not(lab: Lab) -> None:
    lab.machine.start(70, command=["/usr/bin/python3", "/usr/bin/jupyter-lab"])
    for pid in (80, 81):
        lab.machine.start(pid, 70, ["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x"])
    lab.hold(80, 81)
    lab.wait(70)
    assert {values(each)["pid"] for each in lab.states} == {80, 81}


def test_what_mpirun_starts_is_one_run(lab: Lab) -> None:
    lab.machine.start(70, command=["/usr/bin/mpirun", "-n", "2", "solver"])
    for pid in (80, 81):
        lab.machine.start(pid, 70, ["./solver"])
    lab.hold(80, 81)
    lab.wait(70)
    assert {values(each)["pid"] for each in lab.states} == {70}


@pytest.mark.parametrize("how", ["command", "helper"])
def test_a_process_of_another_run_is_not_a_second_one(lab: Lab, how: str) -> None:
    lab.machine.start(70, command=["/usr/bin/python3", "train.py"])
    lab.machine.start(80, 70)
    run = lab.run_of_another(how=how)
    lab.hold(80)
    for _ in range(5):
        lab.keeper.note_run(run.state([], None))
        lab.wait(60)
    assert lab.published == []


def test_a_collector_that_was_killed_continues_its_runs(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(200)
    last = lab.states[-1]
    lab.restart()
    lab.keeper.note_run(last)
    lab.wait(120)
    again = lab.states[-1]
    assert (again.id, again.timestamp) == (last.id, last.timestamp)
    assert values(again)["summary"]["gpu_hours"] > values(last)["summary"]["gpu_hours"]
    assert lab.ends == []


def test_a_new_collector_that_cannot_read_gives_a_run_the_same_id(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(70)
    first = lab.states[-1].id
    lab.restart()
    lab.wait(70)
    assert lab.states[-1].id == first


def test_a_run_that_ended_while_the_collector_was_down_is_ended_with_what_is_known(
    lab: Lab,
) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(200)
    last = lab.states[-1]
    del lab.machine.all[70]
    lab.now += 3_600_000
    lab.restart()
    lab.keeper.note_run(last)
    lab.wait(2)
    (end,) = lab.ends
    seen = values(last)["started"] + values(last)["summary"]["duration"] * 1000
    assert end.values["ended"] == pytest.approx(seen, abs=1)
    known = values(last)["summary"]
    assert values(end)["summary"]["gpu_hours"] == known["gpu_hours"]
    assert values(end)["summary"]["duration"] == known["duration"]


def test_a_number_that_another_process_has_now_does_not_continue_a_run(lab: Lab) -> None:
    lab.machine.start(70)
    state = lab.run_of_another(how="automatic").state([], None)
    lab.machine.all[70] = process(70, started=TICKS * 99)
    lab.keeper.note_run(state)
    lab.wait(2)
    assert [each.id for each in lab.ends] == ["automatic-1.end"]


def test_a_command_whose_wrapper_was_killed_is_published_from_here(lab: Lab) -> None:
    lab.machine.start(70)
    run = lab.run_of_another()
    lab.keeper.note_run(run.state([], None))
    lab.hold(70)
    lab.wait(SILENT_SECONDS - 4)
    assert lab.published == []
    lab.wait(8)
    assert {each.id for each in lab.published} == {run.id}
    assert values(lab.states[-1])["summary"]["gpu_utilization_mean"] == 50.0
    assert run_from(lab.states[-1]) == run
    del lab.machine.all[70]
    lab.wait(2)
    assert [each.id for each in lab.ends] == [f"{run.id}.end"]


def test_a_command_that_ends_after_its_wrapper_was_killed_is_ended_soon(lab: Lab) -> None:
    lab.machine.start(70)
    lab.keeper.note_run(lab.run_of_another().state([], None))
    lab.wait(10)
    del lab.machine.all[70]
    lab.wait(16)
    assert lab.published == []
    lab.wait(10)
    (end,) = lab.ends
    assert end.values["ended"] == START + 12_000


def test_while_the_broker_is_away_nobody_is_silent(lab: Lab) -> None:
    lab.machine.start(70)
    lab.keeper.note_run(lab.run_of_another().state([], None))
    lab.connected = False
    lab.wait(1000)
    lab.connected = True
    lab.wait(SILENT_SECONDS - 10)
    assert lab.published == []


def test_a_run_of_a_process_that_cannot_be_seen_here_ends_once_it_is_silent(lab: Lab) -> None:
    """It may be in a container that has our host name."""
    state = lab.run_of_another(pid=4000).state([], None)
    for _ in range(10):
        lab.keeper.note_run(state)
        lab.wait(60)
    assert lab.published == []
    lab.wait(SILENT_SECONDS + 10)
    assert len(lab.ends) == 1


def test_an_end_from_its_publisher_is_not_repeated(lab: Lab) -> None:
    lab.machine.start(70)
    run = lab.run_of_another()
    lab.keeper.note_run(run.state([], None))
    lab.wait(4)
    lab.keeper.note_run(run.end(lab.now, [], None, exit_code=0))
    del lab.machine.all[70]
    lab.wait(300)
    assert lab.published == []
    assert lab.keeper.count == 0


def test_the_end_of_a_helpers_run_is_completed_with_what_is_known_here(lab: Lab) -> None:
    lab.machine.start(70)
    run = lab.run_of_another(how="helper")
    lab.keeper.note_run(run.state([], None))
    lab.hold(70)
    lab.wait(20)
    theirs = {"duration": 20.0, "cpu_seconds": 7.5}
    lab.keeper.note_run(run.end(lab.now, [], theirs, exit_code=1))
    (end,) = lab.ends
    assert (end.id, end.values["exit_code"]) == ("helper-1.end", 1)
    assert end.values["gpus"] == ["0"]
    assert values(end)["summary"]["gpu_utilization_mean"] == 50.0


def test_what_a_process_used_before_a_helpers_run_does_not_count(lab: Lab) -> None:
    lab.machine.start(70)
    lab.machine.all[70] = lab.machine.all[70]._replace(cpu=1000 * TICKS)
    run = lab.run_of_another(how="helper")
    lab.keeper.note_run(run.state([], None))
    lab.wait(2)
    lab.machine.all[70] = lab.machine.all[70]._replace(cpu=1003 * TICKS)
    lab.wait(2)
    lab.keeper.note_run(run.end(lab.now, [], None))
    assert values(lab.ends[0])["summary"]["cpu_seconds"] == 3.0


def test_runs_of_other_hosts_are_not_ours(lab: Lab) -> None:
    run = Run("x", "x", "another", "automatic", START)
    lab.keeper.note_run(run.state([], None))
    lab.wait(2)
    assert lab.published == []


def test_the_number_of_runs_is_bounded(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_module, "_MOST_RUNS", 3)
    for pid in range(70, 80):
        lab.machine.start(pid)
    lab.hold(*range(70, 80))
    lab.wait(80)
    assert len({each.id for each in lab.states}) == 3
    assert len(caplog.records) == 1
    for number in range(10):
        run = Run(f"x{number}", "x", "me", "command", START)
        lab.keeper.note_run(run.state([], None))
    assert lab.keeper.count == 6


def test_the_newest_states_are_published_before_a_stop(lab: Lab) -> None:
    lab.machine.start(70)
    lab.hold(70)
    lab.wait(80)
    lab.published.clear()
    lab.keeper.publish_all()
    assert values(lab.published[0])["summary"]["duration"] > 0
    assert lab.ends == []


def test_the_memory_of_each_run_is_known_until_it_ends(lab: Lab) -> None:
    lab.machine.start(70)
    lab.machine.all[70] = lab.machine.all[70]._replace(usage=Usage(private=3 * GB))
    lab.hold(70)
    lab.wait(30)
    assert not lab.keeper.memory
    lab.wait(60)
    (row,) = lab.keeper.memory
    assert (row["name"], row["pid"], row["ram_used"]) == ("python3 train.py", 70, 3 * GB)
    assert row["run"].startswith("auto-")
    del lab.machine.all[70]
    lab.wait(4)
    assert not lab.keeper.memory
