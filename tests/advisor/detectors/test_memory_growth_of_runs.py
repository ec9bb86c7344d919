"""The growth of a run's RAM, and of what no run uses."""

from typing import Any

import pytest

from advisor.findings import State
from telemetry.samples import Sample
from tests.advisor.detectors.test_memory_growth import Memory, found, leaking, ram, steady
from tests.advisor.series import GB, HOURS, MINUTES, at_once, every, seconds


def machine(
    memory: Memory, *, others: Memory = steady, read: Memory | None = None, **limits: int | None
) -> list[Sample]:
    """Return a machine with a run that has the ID 7, holds ``memory`` and has read ``read``."""

    def values(time: float) -> dict[str, Any]:
        held = int(memory(time))
        run = {"run": "7", "name": "ablation-7", "pid": 42, "started": 0, "ram_used": held}
        run["read_bytes"] = None if read is None else int(read(time))
        used = held + int(others(time))
        return {"ram_used": used, "ram_total": 300 * GB, "runs": [run | limits]}

    return list(every("system/memory", values, until=6 * HOURS))


def test_a_leak_of_a_run_is_reported_once_and_by_its_name() -> None:
    (finding,) = found(machine(lambda time: 3 * leaking(time)))
    assert (finding.kind, finding.subject) == ("memory_growth", "run-7")
    assert finding.summary.startswith(
        "Run ablation-7 (PID 42): the memory of its processes grows by 250 MB/min; out of memory in"
    )
    assert finding.expected
    full = HOURS + (300 - 60 - 120) / 15 * HOURS
    assert seconds(finding.expected.likely) == pytest.approx(full, rel=0.02)


def test_the_limit_of_a_runs_cgroup_counts_where_it_is_nearer() -> None:
    samples = machine(leaking, cgroup_limit=80 * GB, cgroup_used=50 * GB)
    (finding,) = found(samples)
    assert finding.expected
    assert finding.expected.likely < samples[-1].timestamp + 20 * HOURS * 1000


def test_a_run_that_loads_its_data_is_not_reported_and_neither_is_the_host() -> None:
    assert not found(machine(lambda time: 200 * GB * min(1.0, (time + 60) / (40 * MINUTES))))


def test_growth_outside_the_runs_is_reported_for_the_host() -> None:
    (finding,) = found(machine(steady, others=lambda time: 3 * leaking(time)))
    assert finding.subject == "host"
    assert finding.summary.startswith("Host: RAM in use grows by 250 MB/min")


def test_a_finding_about_a_run_is_over_once_the_run_has_ended() -> None:
    during = machine(lambda time: 3 * leaking(time))
    values = {"ram_used": 60 * GB, "ram_total": 300 * GB, "runs": []}
    after = every("system/memory", lambda _: values, begin=6 * HOURS, until=6.1 * HOURS)
    begin, end = found([*during, *after])
    assert (begin.state, end.state) == (State.ACTIVE, State.OVER)
    assert end.subject == "run-7"


def fast(time: float) -> float:
    """Return 100 GB, and from the first hour on 60 GB more in each."""
    return 100 * GB + 60 * GB * max(0.0, time - HOURS) / HOURS


@pytest.mark.parametrize(("own", "leaks"), [(lambda _: 0.0, 1), (fast, 0), (None, 0)])
def test_what_a_run_reads_itself_counts_and_if_unknown_what_all_programs_read(
    own: Memory | None, leaks: int
) -> None:
    disk = every(
        "system/disk",
        lambda time: {"read_rate": 60 * GB / HOURS / 1e6 if time > HOURS else 0.0},
        until=3 * HOURS,
    )
    run = [each for each in machine(fast, read=own) if seconds(each.timestamp) < 3 * HOURS]
    assert len(found(at_once(run, disk))) == leaks


def test_runs_that_the_history_lacks_do_not_look_like_released_memory() -> None:
    past = ram(lambda time: 60 * GB + 3 * leaking(time), until=3 * HOURS, ram_total=300 * GB)
    now = [
        each
        for each in machine(lambda time: 3 * leaking(time))
        if seconds(each.timestamp) >= 3 * HOURS
    ]
    assert [each.subject for each in found([*past, *now]) if each.state is State.ACTIVE] == [
        "run-7"
    ]
