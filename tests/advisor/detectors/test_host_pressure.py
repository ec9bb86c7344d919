from collections.abc import Callable, Iterable
from typing import Any

import pytest

from advisor.analysis import Analysis
from advisor.detectors.host_pressure import HostPressure
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus
from tests.advisor.series import GB, HOURS, MINUTES, START, at_once, every, findings_in, seconds

Values = Callable[[float], dict[str, Any]]
QUIET = {"pressure_some": 0.0, "pressure_full": 0.0, "swap_in_rate": 0.0, "swap_out_rate": 0.0}


def memory(values: Values, *, until: float = 3 * HOURS) -> list[Sample]:
    return list(every("system/memory", lambda time: {**QUIET, **values(time)}, until=until))


def disk(used: Callable[[float], float], *, total: float = 1000 * GB, until: float) -> list[Sample]:
    def values(time: float) -> dict[str, Any]:
        return {"filesystems": {"/data": {"used": int(used(time)), "total": int(total)}}}

    return list(every("system/disk", values, until=until))


def found(samples: Iterable[Sample], **thresholds: float) -> list[Finding]:
    return findings_in(samples, HostPressure, **thresholds)


def during(time: float, values: dict[str, Any]) -> dict[str, Any]:
    return values if HOURS <= time < 1.5 * HOURS else {}


# Memory


def test_tasks_that_wait_for_memory_are_reported_until_they_no_longer_wait() -> None:
    begin, end = found(memory(lambda time: during(time, {"pressure_full": 25.0})))
    assert (begin.kind, begin.subject, begin.severity) == (
        "host_pressure",
        "memory",
        Severity.WARNING,
    )
    assert begin.summary == "Host: every task waits for memory 25% of the time"
    assert seconds(begin.timestamp) == pytest.approx(64 * MINUTES, abs=MINUTES)
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(91 * MINUTES, abs=2 * MINUTES)


def test_a_machine_that_hardly_works_for_lack_of_memory_is_critical() -> None:
    *_, worst, _ = found(memory(lambda time: during(time, {"pressure_full": 70.0})))
    assert worst.severity is Severity.CRITICAL


def test_the_share_of_the_time_can_be_changed() -> None:
    assert not found(memory(lambda time: during(time, {"pressure_full": 25.0})), pressure=30)


def test_swapping_in_and_out_all_the_time_is_reported() -> None:
    swap = {"swap_in_rate": 30.0, "swap_out_rate": 20.0, "pressure_some": 30.0}
    begin, end = found(memory(lambda time: during(time, swap)))
    assert begin.summary == "Host: memory is swapped continuously, 30 MB/s in and 20 MB/s out"
    assert (begin.severity, end.state) == (Severity.WARNING, State.OVER)


def test_swapping_is_reported_where_the_kernel_has_no_pressure_information() -> None:
    swap = {"swap_in_rate": 30.0, "swap_out_rate": 20.0}
    unknown = dict.fromkeys(("pressure_some", "pressure_full"))
    assert found(memory(lambda time: {**unknown, **during(time, swap)}))


def busy(_time: float) -> dict[str, Any]:
    return {"pressure_some": 40.0, "pressure_full": 3.0}


def spikes(time: float) -> dict[str, Any]:
    return {"pressure_full": 90.0 if time % (10 * MINUTES) < MINUTES else 0.0}


def swapped_out_once(time: float) -> dict[str, Any]:
    return during(time, {"swap_out_rate": 200.0, "pressure_some": 30.0})


def compressed_swap(_time: float) -> dict[str, Any]:
    return {"swap_in_rate": 30.0, "swap_out_rate": 30.0, "pressure_some": 2.0}


def one_reading(time: float) -> dict[str, Any]:
    return {"pressure_full": 100.0 if time == HOURS else 0.0}


@pytest.mark.parametrize("values", [busy, spikes, swapped_out_once, compressed_swap, one_reading])
def test_a_busy_machine_is_not_reported(values: Values) -> None:
    assert not found(memory(values))


def test_a_kill_for_memory_is_critical_for_an_hour() -> None:
    begin, end = found(memory(lambda time: {"oom_kills": 3 if time < HOURS else 5}))
    assert (begin.subject, begin.severity) == ("oom", Severity.CRITICAL)
    assert begin.summary == "Host: the kernel has killed 2 processes because memory ran out"
    assert seconds(end.timestamp) == pytest.approx(2 * HOURS, abs=MINUTES)


def test_kills_from_before_and_a_counter_that_a_reboot_resets_are_not_reported() -> None:
    assert not found(memory(lambda time: {"oom_kills": 3 if time < HOURS else 0}))


# File systems


def filling(time: float) -> float:
    """Return 700 GB, and 50 GB more in each hour: full after six hours."""
    return 700 * GB + 50 * GB * time / HOURS


def test_a_file_system_that_fills_up_is_reported_with_the_time_until_it_is_full() -> None:
    (finding,) = found(disk(filling, until=5 * HOURS))
    assert (finding.subject, finding.severity) == ("filesystem-data", Severity.WARNING)
    assert finding.summary.startswith("Host: the file system /data is filling up at 50.0 GB/h, and")
    assert finding.expected
    assert seconds(finding.expected.likely) == pytest.approx(6 * HOURS, rel=0.05)


def test_it_becomes_critical_before_it_is_full_and_is_over_once_something_was_deleted() -> None:
    samples = disk(lambda time: filling(time) if time < 6 * HOURS else 3e11, until=7 * HOURS)
    first, critical, end = found(samples)
    assert (first.severity, critical.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert 5.5 * HOURS < seconds(critical.timestamp) < 6 * HOURS
    assert end.state is State.OVER


def test_a_file_system_without_room_is_a_warning_until_there_is_some() -> None:
    samples = disk(lambda time: 999 * GB if time < HOURS else 900 * GB, until=2 * HOURS)
    begin, end = found(samples)
    assert begin.summary == "Host: the file system /data is almost full: only 1.0 GB is free"
    assert (begin.severity, end.state) == (Severity.WARNING, State.OVER)


def test_it_is_over_once_the_file_system_is_unmounted() -> None:
    gone = every("system/disk", lambda _: {"filesystems": {}}, begin=HOURS, until=1.1 * HOURS)
    *_, end = found([*disk(lambda _: 999 * GB, until=HOURS), *gone])
    assert end.state is State.OVER


def rotated(time: float) -> float:
    return 800 * GB + 50 * GB * (time % HOURS) / HOURS


def nearly_full(_time: float) -> float:
    return 985.0 * GB


def downloaded(time: float) -> float:
    return 100 * GB + 600 * GB * min(1.0, time / HOURS)


def kept(time: float) -> float:
    """Return what a run uses that keeps its newest six checkpoints."""
    return 880 * GB + 10 * GB * min(time // (10 * MINUTES), 6)


@pytest.mark.parametrize("used", [rotated, nearly_full, downloaded, kept])
def test_a_file_system_with_room_is_not_reported(used: Callable[[float], float]) -> None:
    assert not found(disk(used, until=10 * HOURS))


def test_any_mount_point_is_a_valid_subject() -> None:
    mounts = ["/", "/mnt/a b", "/mnt/" + "x" * 200, "/ü"]
    full = {mount: {"used": 100, "total": 100} for mount in mounts}
    subjects = [
        f.subject for f in found([Sample("system/disk", "h", START, {"filesystems": full})])
    ]
    assert subjects[0] == "filesystem-root"
    assert len(set(subjects)) == len(mounts)
    assert all(len(each) <= 64 and each.isascii() and " " not in each for each in subjects)


# The collector and the clock


def status(minutes: float, state: str = "online", *, will: bool = False) -> CollectorStatus:
    at = START + (0 if will else int(minutes * 60_000))
    return CollectorStatus("gpu-07", at, CollectorState(state), "0", START, 2.0, last_will=will)


def watched(
    contents: Iterable[Sample | CollectorStatus],
    ticks: Iterable[float],
    *more: CollectorStatus,
) -> list[Finding]:
    """Return what is found in ``contents``, then at the minutes ``ticks``, then in ``more``."""
    analysis = Analysis(lambda: [HostPressure()])
    found = [finding for each in contents for finding in analysis.feed(each)]
    for minute in ticks:
        found += analysis.tick(START + int(minute * 60_000))
    return [*found, *(finding for each in more for finding in analysis.feed(each))]


def test_a_collector_that_disappeared_is_reported_after_some_minutes() -> None:
    samples = memory(lambda _: {}, until=HOURS)
    contents: list[Sample | CollectorStatus] = [status(0), *samples]
    contents.append(status(60, "offline", will=True))
    begin, end = watched(contents, range(60, 80), status(81))
    assert (begin.subject, begin.severity) == ("collector", Severity.WARNING)
    assert begin.summary == (
        "Host: its collector has disappeared without being stopped, and has been silent for 3 min"
    )
    assert seconds(begin.since) == pytest.approx(60 * MINUTES, abs=MINUTES)
    assert end.state is State.OVER


def test_a_collector_that_was_stopped_is_only_worth_knowing() -> None:
    (finding,) = watched([status(1), status(2, "offline")], range(20))
    assert finding.severity is Severity.INFO


def test_a_collector_that_comes_back_at_once_is_not_reported() -> None:
    contents = [status(1), status(2, "offline", will=True), status(3)]
    assert not watched(contents, range(20))


def neighbours(until: float) -> list[Sample]:
    each = [every("system/cpu", lambda _: {}, until=until, host=f"n{n}") for n in range(4)]
    return at_once(*each)


def ticking(samples: list[Sample]) -> list[Finding]:
    analysis, newest = Analysis(lambda: [HostPressure()]), 0
    found: list[Finding] = []
    for sample in samples:
        newest = max(newest, sample.timestamp)
        found += (*analysis.feed(sample), *analysis.tick(newest))
    return found


@pytest.mark.parametrize(("offset", "side"), [(10, "10 min ahead"), (-4, "240 s behind")])
def test_a_clock_that_differs_from_those_of_the_others_is_reported(offset: int, side: str) -> None:
    wrong = [
        Sample(each.channel, "gpu-07", each.timestamp + offset * 60_000, {})
        for each in memory(lambda _: {}, until=HOURS)
    ]
    together = [each for pair in zip(neighbours(HOURS)[::4], wrong, strict=True) for each in pair]
    more = neighbours(HOURS)
    (finding,) = ticking(
        [each for i, own in enumerate(together[1::2]) for each in (*more[4 * i : 4 * i + 4], own)]
    )
    assert (finding.host, finding.subject) == ("gpu-07", "clock")
    assert finding.summary == f"Host: its clock is {side}"


def test_a_clock_that_was_set_back_is_reported_for_an_hour() -> None:
    before = [
        Sample(each.channel, each.host, each.timestamp + 5_400_000, each.values)
        for each in memory(lambda _: {}, until=HOURS)
    ]
    begin, end = found([*before, *memory(lambda _: {}, until=3 * HOURS)])
    assert begin.summary == "Host: its clock was set back by 150 min"
    assert end.state is State.OVER


def test_one_message_from_the_past_is_not_a_clock_that_was_set_back() -> None:
    samples = memory(lambda _: {}, until=3 * HOURS)
    old = Sample("system/cpu", "gpu-07", START - 10**9, {})
    assert not found([*samples[:500], old, *samples[500:]])
