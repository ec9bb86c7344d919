from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from advisor.detectors.memory_growth import MemoryGrowth
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, MINUTES, at_once, every, findings_in, seconds

TOTAL = 80 * GB
Memory = Callable[[float], float]


def gpu(memory: Memory, *, until: float, begin: float = 0.0, **more: Any) -> list[Sample]:
    def values(time: float) -> dict[str, Any]:
        return {"utilization": 90, "memory_used": int(memory(time)), "memory_total": TOTAL, **more}

    return list(every("system/gpu/0", values, until=until, begin=begin))


def process(memory: Memory, *, until: float, begin: float = 0.0, pid: int = 4242) -> list[Sample]:
    def values(time: float) -> dict[str, Any]:
        one = {"pid": pid, "command": "python3 train.py", "memory_used": int(memory(time))}
        return {"processes": [{**one, "started": 1_767_225_600_000 + int(begin * 1000)}]}

    return list(every("system/gpu/0/processes", values, until=until, begin=begin))


def ram(memory: Memory, *, until: float, **more: Any) -> list[Sample]:
    def values(time: float) -> dict[str, Any]:
        return {"ram_used": int(memory(time)), "ram_total": 256 * GB, **more}

    return list(every("system/memory", values, until=until))


def leaking(time: float) -> float:
    """Return 40 GB, and from the first hour on 5 GB more in each: full after nine hours."""
    return 40 * GB + max(0.0, time - HOURS) / HOURS * 5 * GB


def found(samples: list[Sample]) -> list[Finding]:
    return findings_in(samples, MemoryGrowth)


def test_a_leak_is_reported_with_the_time_at_which_the_memory_runs_out() -> None:
    (finding,) = found(gpu(leaking, until=6 * HOURS))
    assert (finding.kind, finding.subject) == ("memory_growth", "gpu0")
    assert (finding.state, finding.severity) == (State.ACTIVE, Severity.WARNING)
    assert seconds(finding.timestamp) < 4.5 * HOURS
    assert finding.expected
    assert seconds(finding.expected.likely) == pytest.approx(9 * HOURS, rel=0.02)
    assert finding.expected.earliest < finding.expected.likely < finding.expected.latest
    assert finding.evidence.numbers["rate"].value == pytest.approx(83.3, rel=0.02)
    assert finding.evidence.numbers["rate"].unit == "MB/min"


def test_the_thresholds_can_be_changed() -> None:
    samples = gpu(leaking, until=6 * HOURS)
    (finding,) = findings_in(samples, MemoryGrowth, critical=10 * 60)
    assert finding.severity is Severity.CRITICAL
    assert not findings_in(samples, MemoryGrowth, share=60)


def test_the_sentence_names_the_process_that_grows() -> None:
    samples = at_once(gpu(leaking, until=6 * HOURS), process(leaking, until=6 * HOURS))
    (finding,) = found(samples)
    assert finding.summary.startswith("GPU 0: python3 train.py (PID 4242) grows by 83 MB/min; out")
    assert finding.summary.endswith(" h")


def test_a_leak_becomes_critical_shortly_before_the_end() -> None:
    first, last = found(gpu(leaking, until=8.95 * HOURS))
    assert (first.severity, last.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert first.since == last.since
    assert 8.5 * HOURS < seconds(last.timestamp) < 8.95 * HOURS


def test_it_is_over_once_the_process_has_ended() -> None:
    samples = at_once(
        gpu(leaking, until=6 * HOURS),
        process(leaking, until=5 * HOURS),
        every(
            "system/gpu/0/processes", lambda _: {"processes": []}, begin=5 * HOURS, until=6 * HOURS
        ),
    )
    begin, end = found(samples)
    assert (begin.state, end.state) == (State.ACTIVE, State.OVER)
    assert seconds(end.timestamp) == 5 * HOURS
    assert end.since == begin.since
    assert end.summary.startswith("Over after ")
    assert end.expected is None


def test_it_is_over_once_the_memory_was_released() -> None:
    samples = gpu(lambda time: leaking(time) if time < 5 * HOURS else 40 * GB, until=6 * HOURS)
    *_, end = found(samples)
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(5 * HOURS, abs=2 * MINUTES)


def test_it_is_over_once_the_growth_has_stopped() -> None:
    samples = gpu(lambda time: leaking(min(time, 5 * HOURS)), until=12 * HOURS)
    assert [finding.state for finding in found(samples)] == [State.ACTIVE, State.OVER]


def test_it_is_over_once_the_gpu_is_no_longer_read() -> None:
    samples = at_once(gpu(leaking, until=5 * HOURS), ram(lambda _: 9 * GB, until=6 * HOURS))
    begin, end = found(samples)
    assert (begin.subject, end.subject, end.state) == ("gpu0", "gpu0", State.OVER)


def test_a_leak_of_ram_is_reported_for_the_host() -> None:
    (finding,) = found(ram(lambda time: 60 * GB + time / HOURS * 40 * GB, until=3 * HOURS))
    assert finding.subject == "host"
    assert finding.summary.startswith("Host: RAM in use grows by 667 MB/min")


def test_the_limit_of_the_cgroup_counts_where_it_is_nearer() -> None:
    samples = every(
        "system/memory",
        lambda time: {
            "ram_used": int(60 * GB + time / HOURS * 4 * GB),
            "ram_total": 256 * GB,
            "cgroup_used": int(6 * GB + time / HOURS * 4 * GB),
            "cgroup_limit": 32 * GB,
        },
        until=5 * HOURS,
    )
    (finding,) = found(list(samples))
    assert "the memory of the cgroup" in finding.summary


def test_a_leak_of_a_mig_instance_is_reported() -> None:
    samples = every(
        "system/gpu/0/mig/3",
        lambda time: {"memory_used": int(leaking(time)), "memory_total": TOTAL},
        until=6 * HOURS,
    )
    (finding,) = found(list(samples))
    assert finding.subject == "gpu0-mig3"
    assert finding.summary.startswith("GPU 0, MIG instance 3: memory in use grows")


def flat(_time: float, *, size: float) -> float:
    return size


def steady(_time: float) -> float:
    return 60.0 * GB


def warm_up(time: float) -> float:
    return 70 * GB * min(1.0, time / (40 * MINUTES))


def epochs(time: float) -> float:
    return 40 * GB + 25 * GB * (time % (30 * MINUTES)) / (30 * MINUTES)


def validation(time: float) -> float:
    return 40 * GB + (30 * GB if time % HOURS > 50 * MINUTES else 0)


def saturating(time: float) -> float:
    return 70 * GB * time / (time + 20 * MINUTES)


def staircase(time: float) -> float:
    return 20 * GB + 15 * GB * min(3, time // (2 * HOURS))


@pytest.mark.parametrize("memory", [steady, warm_up, epochs, validation, saturating, staircase])
@pytest.mark.parametrize("listed", [True, False])
def test_a_harmless_training_is_not_reported(memory: Memory, *, listed: bool) -> None:
    samples = gpu(memory, until=10 * HOURS)
    assert not found(at_once(samples, process(memory, until=10 * HOURS)) if listed else samples)


def test_one_job_after_another_is_not_reported() -> None:
    samples = []
    for number in range(6):
        memory = partial(flat, size=10 * GB * (number + 1))
        begin, end = number * HOURS, (number + 0.95) * HOURS
        samples += gpu(memory, begin=begin, until=end)
        samples += process(memory, begin=begin, until=end, pid=number)
    assert not found(at_once(samples))


def test_a_dataset_that_is_read_into_ram_is_not_reported() -> None:
    rate = 75 * GB / HOURS

    def memory(time: float) -> float:
        return 20 * GB + rate * min(max(time - HOURS, 0.0), 2 * HOURS)

    disk = every(
        "system/disk",
        lambda time: {"read_rate": rate / 1e6 if HOURS < time < 3 * HOURS else 1.0},
        until=8 * HOURS,
    )
    samples = ram(memory, until=8 * HOURS)
    assert not found(at_once(samples, disk))
    assert found(samples)  # without the disk, nothing explains it


def test_a_leak_beside_a_program_that_reads_in_turns_is_reported_as_soon_as_without_it() -> None:
    rate = 75 * GB / HOURS

    def in_turns(time: float) -> dict[str, Any]:
        return {"read_rate": 5 * rate / 1e6 if time > HOURS and time % 600 < 120 else 0.0}

    samples = ram(lambda time: 20 * GB + rate * max(time - HOURS, 0.0), until=4 * HOURS)
    disk = every("system/disk", in_turns, until=4 * HOURS)
    alone, beside = found(samples)[0], found(at_once(samples, disk))[0]
    assert beside.timestamp == alone.timestamp


def test_growth_that_would_take_weeks_is_not_reported() -> None:
    assert not found(gpu(lambda time: 40 * GB + time / HOURS * GB / 10, until=24 * HOURS))


def test_unified_memory_is_judged_as_ram() -> None:
    assert not found(gpu(leaking, until=6 * HOURS, memory_kind="unified"))


def test_a_driver_that_reports_no_memory_causes_no_finding() -> None:
    values = {"utilization": 90, "memory_used": None, "memory_total": None}
    assert not found(list(every("system/gpu/0", lambda _: values, until=HOURS)))
