from collections.abc import Callable
from typing import Any

import pytest

from advisor.detectors.idle_gpu import IdleGpu
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, MINUTES, at_once, every, findings_in, seconds

Use = Callable[[float], tuple[float, float]]
"""Utilization and power at a time."""


def gpu(use: Use, *, held: float = 17 * GB, until: float = 4 * HOURS) -> list[Sample]:
    def values(time: float) -> dict[str, Any]:
        utilization, power = use(time)
        return {"utilization": utilization, "power": power, "memory_used": int(held)}

    return list(every("system/gpu/0", values, until=until))


def found(samples: list[Sample]) -> list[Finding]:
    return findings_in(samples, IdleGpu)


def abandoned(time: float) -> tuple[float, float]:
    """Return work for half an hour, and nothing for two hours."""
    return (0.0, 120.0) if 0.5 * HOURS <= time < 2.5 * HOURS else (95.0, 600.0)


def test_held_memory_is_reported_after_15_minutes_and_again_once_an_hour_is_lost() -> None:
    begin, hour, end = found(gpu(abandoned))
    assert (begin.kind, begin.subject, begin.severity) == ("idle_gpu", "gpu0", Severity.INFO)
    assert seconds(begin.timestamp) == pytest.approx(45 * MINUTES, abs=3 * MINUTES)
    assert seconds(begin.since) == pytest.approx(30 * MINUTES, abs=2 * MINUTES)
    assert (hour.severity, hour.evidence.numbers["lost"].unit) == (Severity.WARNING, "GPU-hours")
    assert hour.evidence.numbers["lost"].value == pytest.approx(1, abs=0.05)
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(2.5 * HOURS, abs=2 * MINUTES)


def test_the_thresholds_can_be_changed() -> None:
    samples = gpu(lambda _: (0.0, 120.0), until=2 * HOURS)
    (finding,) = findings_in(samples, IdleGpu, minutes=90)
    assert seconds(finding.timestamp) == pytest.approx(90 * MINUTES, abs=MINUTES)
    assert not findings_in(samples, IdleGpu, held=20)


def test_the_sentence_names_the_holder_of_the_memory() -> None:
    holder = {"pid": 7, "command": "python3 -m jupyter", "user": "ada", "memory_used": 17 * GB}
    processes = every("system/gpu/0/processes", lambda _: {"processes": [holder]}, until=HOURS)
    (finding,) = found(at_once(gpu(lambda _: (0, 120), until=HOURS), processes))
    assert finding.summary == (
        "GPU 0: python3 -m jupyter (PID 7, ada) holds 17.0 GB and has left the GPU idle for 15 min"
    )


def slowly(work: float, energy: float | None) -> list[Finding]:
    """Return what is found at an interval of a minute, of which ``work`` is power in watts."""

    def values(time: float) -> dict[str, Any]:
        idle = {"utilization": 0, "power": 120.0 + time % 3, "memory_used": 17 * GB}
        return idle | {"power_average": energy and energy + work}

    return found([each for each in every("system/gpu/0", values, until=HOURS) if is_whole(each)])


def is_whole(sample: Sample) -> bool:
    return seconds(sample.timestamp) % MINUTES == 0


def test_at_a_long_interval_the_energy_shows_that_no_work_was_missed() -> None:
    (known,), (unknown,) = slowly(0.0, 121.0), slowly(0.0, None)
    assert seconds(known.timestamp) == 15 * MINUTES
    assert seconds(unknown.timestamp) == 39 * MINUTES


def test_work_that_only_the_energy_shows_is_not_idle() -> None:
    assert not slowly(40.0, 121.0)


def test_single_bursts_do_not_hide_an_idle_gpu() -> None:
    samples = gpu(lambda time: (40.0, 200.0) if time % 600 < 10 else (0.0, 120.0), until=HOURS)
    assert [finding.state for finding in found(samples)] == [State.ACTIVE]


def test_it_is_over_once_the_memory_is_released() -> None:
    held = every(
        "system/gpu/0",
        lambda time: {"utilization": 0, "memory_used": 17 * GB if time < HOURS else 0},
        until=2 * HOURS,
    )
    *_, end = found(list(held))
    assert (end.state, seconds(end.timestamp)) == (State.OVER, HOURS)


def pauses(time: float) -> tuple[float, float]:
    return (0.0, 120.0) if time % HOURS < 12 * MINUTES else (95.0, 600.0)


def short_kernels(time: float) -> tuple[float, float]:
    """Return what a training of small models shows: 0% at most readings, and power above idle."""
    return 1.0, 120.0 + 60.0 * (time % 50 < 20)


def low(_time: float) -> tuple[float, float]:
    return 12.0, 200.0


@pytest.mark.parametrize("use", [pauses, short_kernels, low])
def test_a_gpu_at_work_is_not_reported(use: Use) -> None:
    assert not found(gpu(use))


def test_a_context_without_data_is_not_reported() -> None:
    assert not found(gpu(lambda _: (0.0, 120.0), held=0.3 * GB))


def test_a_gpu_that_reports_no_utilization_is_not_reported() -> None:
    values = {"utilization": None, "memory_used": 17 * GB}
    assert not found(list(every("system/gpu/0", lambda _: values, until=HOURS)))


def test_after_a_gap_in_which_it_may_have_worked_the_time_begins_again() -> None:
    idle = gpu(lambda _: (0.0, 120.0), until=26 * MINUTES)
    gap = [each for each in idle if not 11 * MINUTES < seconds(each.timestamp) < 14 * MINUTES]
    assert found(idle)
    assert not found(gap)


def test_a_gap_does_not_end_a_finding_and_does_not_count_as_idle() -> None:
    idle = gpu(lambda _: (0.0, 120.0), until=HOURS)
    gap = [each for each in idle if not 20 * MINUTES < seconds(each.timestamp) < 29 * MINUTES]
    newest = findings_in(gap, IdleGpu, warning=45)[-1]
    assert (newest.state, newest.severity) == (State.ACTIVE, Severity.WARNING)
    assert seconds(newest.timestamp) == pytest.approx(54 * MINUTES, abs=MINUTES)
