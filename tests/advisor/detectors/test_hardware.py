from collections.abc import Callable
from typing import Any

import pytest

from advisor.detectors.hardware import Hardware
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState
from tests.advisor.series import HOURS, INTERVAL, MINUTES, START, every, findings_in, seconds

Values = Callable[[float], dict[str, Any]]
HEALTHY = {"utilization": 90, "pcie_generation": 4, "pcie_width": 16, "remapping_pending": 0}


def gpu(values: Values, *, until: float = 3 * HOURS, begin: float = 0.0) -> list[Sample]:
    return list(every("system/gpu/0", values, until=until, begin=begin))


def statuses(
    states: Callable[[float], SensorState], *, until: float, started: Callable[[float], int]
) -> list[CollectorStatus]:
    found, time = [], 1.0
    while time < until:
        reports = {"gpu": SensorReport(states(time), "GPU 0 does not answer")}
        at = START + int(time * 1000)
        online = CollectorState.ONLINE
        found.append(CollectorStatus("gpu-07", at, online, "0", started(time), 2.0, reports))
        time += INTERVAL
    return found


def found(*contents: list[Sample] | list[CollectorStatus]) -> list[Finding]:
    merged: list[Sample | CollectorStatus] = [each for part in contents for each in part]
    return findings_in(sorted(merged, key=lambda each: each.timestamp), Hardware)


def test_new_uncorrectable_errors_are_critical_until_an_hour_has_passed_without_one() -> None:
    begin, end = found(
        gpu(lambda time: {**HEALTHY, "ecc_errors_uncorrected": 5 if time < HOURS else 7})
    )
    assert (begin.kind, begin.subject, begin.severity) == ("hardware", "gpu0", Severity.CRITICAL)
    assert begin.summary == "GPU 0: 2 new uncorrectable memory errors"
    assert seconds(begin.timestamp) == HOURS
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(2 * HOURS, abs=MINUTES)


@pytest.mark.parametrize("flag", ["remapping_pending", "retirement_pending"])
def test_a_pending_repair_is_a_warning_until_it_is_done(flag: str) -> None:
    begin, end = found(gpu(lambda time: {**HEALTHY, flag: int(HOURS <= time < 2 * HOURS)}))
    assert (begin.severity, end.state) == (Severity.WARNING, State.OVER)
    assert "waiting to be re" in begin.summary


def test_the_time_without_a_new_error_can_be_changed() -> None:
    samples = gpu(lambda time: {**HEALTHY, "ecc_errors_uncorrected": int(time > HOURS)})
    _, end = findings_in(samples, Hardware, errors=10)
    assert seconds(end.timestamp) == pytest.approx(70 * MINUTES, abs=MINUTES)


def test_a_link_that_is_slower_under_load_than_it_was_is_a_warning() -> None:
    (finding,) = found(gpu(lambda time: {**HEALTHY, "pcie_width": 16 if time < HOURS else 8}))
    assert finding.severity is Severity.WARNING
    assert seconds(finding.timestamp) == pytest.approx(65 * MINUTES, abs=MINUTES)


def test_a_link_that_goes_on_changing_causes_one_finding() -> None:
    def width(time: float) -> int:
        return 8 if int(time / 400) ** 2 % 7 in {1, 2} else 16

    (finding,) = found(gpu(lambda time: {**HEALTHY, "pcie_width": width(time)}, until=12 * HOURS))
    assert finding.state is State.ACTIVE


def test_a_link_that_has_been_at_its_best_for_an_hour_under_load_is_healthy_again() -> None:
    def values(time: float) -> dict[str, Any]:
        is_idle = 1.5 * HOURS <= time < 2 * HOURS
        width = 8 if HOURS <= time < 1.2 * HOURS or is_idle else 16
        return {**HEALTHY, "utilization": 0 if is_idle else 90, "pcie_width": width}

    *_, end = found(gpu(values))
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(2.7 * HOURS, abs=MINUTES)


def test_a_lost_gpu_is_critical_and_over_once_it_answers_again() -> None:
    def state(time: float) -> SensorState:
        return SensorState.FAILING if HOURS <= time < 2 * HOURS else SensorState.OK

    begin, failing, end, recovered = found(
        gpu(lambda _: HEALTHY, until=HOURS),
        gpu(lambda _: HEALTHY, begin=2 * HOURS),
        statuses(state, until=3 * HOURS, started=lambda _: 1),
    )
    assert begin.summary == "GPU 0 is lost: GPU 0 does not answer"
    assert (begin.severity, begin.subject) == (Severity.CRITICAL, "gpu0")
    assert (failing.subject, failing.severity) == ("sensor-gpu", Severity.WARNING)
    assert [each.state for each in (end, recovered)] == [State.OVER, State.OVER]


def test_a_gpu_that_a_new_collector_does_not_read_is_not_lost() -> None:
    assert not found(
        gpu(lambda _: HEALTHY, until=HOURS),
        statuses(
            lambda time: SensorState.OK if time < HOURS else SensorState.ABSENT,
            until=2 * HOURS,
            started=lambda time: int(time > HOURS),
        ),
    )


def corrected(time: float) -> dict[str, Any]:
    return {"ecc_errors_corrected": time // 60}


def old(_time: float) -> dict[str, Any]:
    return {"ecc_errors_uncorrected": 12, "ecc_errors_uncorrected_volatile": 3}


def rebooted(time: float) -> dict[str, Any]:
    return {"ecc_errors_uncorrected_volatile": 3 if time < HOURS else 0}


def idle_link(time: float) -> dict[str, Any]:
    idle = time > HOURS
    return {"pcie_generation": 1 if idle else 4, "utilization": 0 if idle else 90}


def one_reading(time: float) -> dict[str, Any]:
    return {"remapping_pending": int(time == HOURS)}


@pytest.mark.parametrize("values", [corrected, old, rebooted, idle_link, one_reading])
def test_a_healthy_gpu_is_not_reported(values: Values) -> None:
    assert not found(gpu(lambda time: {**HEALTHY, **values(time)}))


def test_a_sensor_that_fails_for_a_moment_is_not_reported() -> None:
    def state(time: float) -> SensorState:
        return SensorState.FAILING if time % HOURS < 2 * MINUTES else SensorState.OK

    assert not found(statuses(state, until=3 * HOURS, started=lambda _: 1))
