import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from advisor.detectors.throttling import Throttling
from advisor.findings import Finding, Severity, State
from tests.advisor.series import HOURS, MINUTES, every, findings_in, seconds

Reasons = Callable[[float], list[str] | None]


def found(reasons: Reasons, *, utilization: float = 99.0) -> list[Finding]:
    def values(time: float) -> dict[str, Any]:
        active = reasons(time)
        clock = 1410 if active else 1980
        return {"utilization": utilization, "sm_clock": clock, "throttle_reasons": active}

    return findings_in(every("system/gpu/3", values, until=2 * HOURS), Throttling)


def hot(time: float) -> list[str]:
    return ["hw_slowdown", "hw_thermal_slowdown"] if 0.5 * HOURS < time < HOURS else []


def test_heat_is_reported_with_what_the_clock_loses_and_is_over_once_it_is_gone() -> None:
    begin, end = found(hot)
    assert (begin.kind, begin.subject, begin.severity) == ("throttling", "gpu3", Severity.WARNING)
    assert seconds(begin.timestamp) == pytest.approx(31 * MINUTES, abs=MINUTES)
    assert begin.summary == (
        "GPU 3: a thermal slowdown was active during 23% of the last 5 min; the clock falls "
        "from 1980 to 1410 MHz"
    )
    assert begin.evidence.numbers["clock lost"].value == 29
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(70 * MINUTES, abs=MINUTES)


def test_the_share_can_be_changed() -> None:
    def values(time: float) -> dict[str, Any]:
        reasons = ["hw_thermal_slowdown"] if time % 100 < 30 else []
        return {"utilization": 99, "throttle_reasons": reasons}

    samples = list(every("system/gpu/3", values, until=HOURS))
    assert findings_in(samples, Throttling)
    assert not findings_in(samples, Throttling, share=40)


def test_a_power_brake_is_a_warning_with_its_own_advice() -> None:
    (finding,) = found(lambda _: ["hw_power_brake_slowdown"])
    assert finding.severity is Severity.WARNING
    assert "power supply" in finding.advice


def test_the_power_cap_under_full_load_is_only_worth_knowing() -> None:
    (finding,) = found(lambda _: ["sw_power_cap"])
    assert finding.severity is Severity.INFO
    assert not found(lambda _: ["sw_power_cap"], utilization=40.0)


def test_a_cap_that_turns_into_heat_becomes_a_warning() -> None:
    cap, heat = found(lambda time: ["sw_power_cap", *(hot(time))])
    assert (cap.severity, heat.severity) == (Severity.INFO, Severity.WARNING)


@pytest.mark.parametrize(
    "reasons",
    [
        lambda _: ["gpu_idle"],
        lambda _: ["applications_clocks_setting"],
        lambda _: None,
        lambda time: ["hw_thermal_slowdown"] if time % 300 < 10 else [],
        lambda time: ["sw_power_cap"] if time % 60 < 30 else [],
        lambda time: ["sw_power_cap"] if time % 600 < 270 else [],
    ],
)
def test_what_slows_nothing_down_for_long_is_not_reported(reasons: Reasons) -> None:
    assert not found(reasons)


@pytest.mark.parametrize("share", [0.2, 0.23, 0.5])
def test_a_share_that_hovers_about_a_threshold_makes_one_finding(share: float) -> None:
    number = Random(1)  # noqa: S311 - to be repeated, not to be secret

    def hovering(time: float) -> list[str]:
        now = share + 0.05 * math.sin(time / MINUTES)
        return ["hw_slowdown"] if number.random() < now else []

    assert [each.state for each in found(hovering)] == [State.ACTIVE]
