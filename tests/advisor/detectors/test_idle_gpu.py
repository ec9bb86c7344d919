from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from advisor.detectors.idle_gpu import IdleGpu
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, MINUTES, START, at_once, every, findings_in, seconds
from tests.benchmarks.corpus.energy import EnergyCounter

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


def counted(
    hidden: Callable[[float], float] = lambda _: 0.0,
    *,
    interval: float = MINUTES,
    counts: bool = True,
    until: float = HOURS,
) -> list[Sample]:
    """Return readings of a GPU that does ``hidden`` work, in watts at a time, between them.

    If it ``counts`` its energy, each read of the counter takes up to 0.2 s.
    """
    samples, counter = list[Sample](), EnergyCounter(Random(1))  # noqa: S311 - to be repeated
    for second in range(int(until)):
        counter.use(121.0 + hidden(second), 1.0)
        if (second + 1) % interval == 0:
            power = 120.5 + second % 2
            values: dict[str, Any] = {"utilization": 0, "power": power, "memory_used": 17 * GB}
            if counts:
                values |= counter.read(second + 1.0, 121.0)
            at = START + (second + 1) * 1000
            samples.append(Sample("system/gpu/0", "gpu-07", at, values))
    return samples


def averages(samples: list[Sample], change: Callable[[float], float | None]) -> list[Sample]:
    """Return ``samples`` with the mean power ``change`` at each time."""
    return [
        replace(each, values={**each.values, "power_average": change(seconds(each.timestamp))})
        for each in samples
    ]


def test_at_a_long_interval_the_energy_shows_that_no_work_was_missed() -> None:
    (known,), (unknown,) = found(counted()), found(counted(counts=False))
    assert seconds(known.timestamp) == 16 * MINUTES
    assert seconds(unknown.timestamp) == 40 * MINUTES


def test_work_that_only_the_energy_shows_is_not_idle() -> None:
    assert not found(counted(lambda second: 120.0 * (second % 30 < 10)))


def test_a_little_more_power_between_few_readings_may_be_rare_work() -> None:
    (finding,) = found(averages(counted(), lambda _: 123.5))
    assert seconds(finding.timestamp) == 40 * MINUTES


def test_a_burst_that_only_the_energy_shows_does_not_hide_an_idle_gpu() -> None:
    assert found(counted(lambda second: 500.0 * (second % 600 < 10)))


@pytest.mark.parametrize("interval", [2, 5, 60])
def test_reads_of_the_counter_that_take_long_do_not_hide_an_idle_gpu(interval: int) -> None:
    (begin,) = findings_in(counted(interval=interval, until=4 * HOURS), IdleGpu, warning=240)
    assert seconds(begin.timestamp) == pytest.approx(15 * MINUTES, abs=MINUTES + 5)


@pytest.mark.parametrize("mean", [0.0, 70.0, 105.0])
def test_a_mean_far_below_each_reading_counts_as_unknown(mean: float) -> None:
    (unknown,) = found(averages(counted(), lambda _: mean))
    assert seconds(unknown.timestamp) == 40 * MINUTES


def test_a_mean_that_is_too_low_once_makes_no_other_look_too_high() -> None:
    samples = averages(counted(), lambda time: 30.0 if time == 2 * MINUTES else 121.0)
    (finding,) = found(samples)
    assert seconds(finding.timestamp) == 16 * MINUTES


def test_a_driver_that_is_loaded_again_does_not_hide_an_idle_gpu() -> None:
    samples = averages(counted(), lambda time: None if time == 8 * MINUTES else 121.0)
    (finding,) = found(samples)
    assert seconds(finding.timestamp) == 16 * MINUTES


@pytest.mark.parametrize("step", [-90, 90])
def test_a_clock_that_steps_does_not_hide_or_end_an_idle_gpu(step: int) -> None:
    samples = counted(interval=10, until=2 * HOURS)
    for at in (5 * MINUTES, 30 * MINUTES):
        samples = [
            replace(each, timestamp=each.timestamp + 1000 * step)
            if seconds(each.timestamp) >= at
            else each
            for each in samples
        ]
    begin, hour = found(samples)
    assert (begin.state, hour.state) == (State.ACTIVE, State.ACTIVE)
    assert seconds(begin.timestamp) == pytest.approx(15 * MINUTES, abs=MINUTES)


def test_work_is_recognized_by_the_power_at_which_the_gpu_was_idle_before() -> None:
    def use(time: float) -> tuple[float, float]:
        return 1.0, 120.0 if time < 10 * MINUTES else 190.0

    assert not found(gpu(use, until=HOURS))
    (finding,) = found(gpu(use, until=2.5 * HOURS))
    assert seconds(finding.since) == pytest.approx(2 * HOURS, abs=2 * MINUTES)


def test_a_single_low_reading_hides_an_idle_gpu_for_two_hours_at_most() -> None:
    def use(time: float) -> tuple[float, float]:
        return 0.0, 82.0 if time == 10 * MINUTES else 101.0

    (finding,) = found(gpu(use, until=2.5 * HOURS))
    assert seconds(finding.since) == pytest.approx(2 * HOURS, abs=12 * MINUTES)


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
