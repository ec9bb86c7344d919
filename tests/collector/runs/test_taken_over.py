"""Runs of other publishers, and of an earlier collector."""

import pytest

from collector.runs.keeper import SILENT_SECONDS
from collector.runs.procfs import TICKS, Usage
from collector.runs.record import run_from
from tests.collector.runs.lab import START, Lab, values
from tests.collector.runs.test_tree import process


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
    assert end.values["gpus"] == ["0"]


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


def test_while_the_broker_is_unavailable_no_host_is_silent(lab: Lab) -> None:
    lab.machine.start(70)
    lab.keeper.note_run(lab.run_of_another().state([], None))
    lab.connected = False
    lab.wait(1000)
    lab.connected = True
    lab.wait(SILENT_SECONDS - 10)
    assert lab.published == []


def test_a_run_of_a_process_that_cannot_be_seen_here_ends_once_it_is_silent(lab: Lab) -> None:
    """It may be in a container that has our host name."""
    run = lab.run_of_another(pid=4000)
    for minute in range(10):
        lab.keeper.note_run(run.state([1], {"duration": 60.0 * minute, "ram_peak": 7.0}))
        lab.wait(60)
    assert lab.published == []
    lab.wait(SILENT_SECONDS + 10)
    (end,) = lab.ends
    assert end.values["ended"] == run.started + 9 * 60_000
    assert (end.values["gpus"], values(end)["summary"]["ram_peak"]) == (["1"], 7.0)


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


def test_the_memory_of_the_last_run_is_gone_as_soon_as_its_publisher_ends_it(lab: Lab) -> None:
    lab.machine.start(70)
    lab.machine.all[70] = lab.machine.all[70]._replace(usage=Usage(private=3 * 10**9))
    run = lab.run_of_another()
    lab.keeper.note_run(run.state([], None))
    lab.wait(4)
    assert [row["run"] for row in lab.keeper.memory] == [run.id]
    lab.keeper.note_run(run.end(lab.now, [], None, exit_code=0))
    assert not lab.keeper.active
    assert not lab.keeper.memory


@pytest.mark.parametrize("how", ["command", "helper"])
def test_a_run_that_a_reboot_ended_has_the_time_and_the_gpus_of_its_last_state(
    lab: Lab, how: str
) -> None:
    run = lab.run_of_another(how=how)
    known = {"duration": 120.0, "gpu_hours": 0.05, "ram_peak": 5.0}
    state = run.state([0, 3], known)
    lab.now += 8 * 3_600_000
    lab.restart()
    lab.keeper.note_run(state)
    lab.wait(SILENT_SECONDS + 10)
    (end,) = lab.ends
    assert end.values["ended"] == run.started + 120_000
    assert end.values["gpus"] == ["0", "3"]
    summary = values(end)["summary"]
    assert {name: summary[name] for name in known} == known
