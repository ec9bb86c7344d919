"""When runs begin, go on and end, with made-up processes and a clock that the tests set."""

import pytest

from collector.runs import keeper as keeper_module
from collector.runs.procfs import Usage
from collector.runs.record import Run
from telemetry.samples import Sample
from tests.collector.runs.lab import GB, START, Lab, values


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
    lab.machine.all[70] = lab.machine.all[70]._replace(usage=Usage(private=3 * GB, read=5 * GB))
    lab.hold(70)
    lab.wait(30)
    assert not lab.keeper.memory
    lab.wait(60)
    (row,) = lab.keeper.memory
    assert (row["name"], row["pid"], row["ram_used"]) == ("python3 train.py", 70, 3 * GB)
    assert row["run"].startswith("auto-")
    assert row["read_bytes"] == 5 * GB
    del lab.machine.all[70]
    lab.wait(4)
    assert not lab.keeper.memory
