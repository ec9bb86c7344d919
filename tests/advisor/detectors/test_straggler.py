import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from advisor.comparison import median_without
from advisor.detectors.straggler import Straggler
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, MINUTES, at_once, every, findings_in, seconds

HEALTHY = {"utilization": 95.0, "power": 600.0, "sm_clock": 1950.0, "temperature": 60.0}
Change = Callable[[float], dict[str, Any]]


def train(pid: int, command: str) -> dict[str, Any]:
    return {"pid": pid, "command": command, "user": "ada", "memory_used": 40 * GB, "started": 1}


def machine(
    changes: Mapping[int, Change],
    *,
    gpus: int = 4,
    ends: float = 3 * HOURS,
    command: Callable[[int], str] = lambda _: "python3 train.py",
) -> list[Sample]:
    """Return ``gpus`` that are healthy except for ``changes``; the run lasts until ``ends``."""

    def values(number: int, time: float) -> dict[str, Any]:
        change = changes.get(number)
        return HEALTHY if change is None else {**HEALTHY, **change(time)}

    def processes(number: int, time: float) -> dict[str, Any]:
        return {"processes": [train(number, command(number))] if time < ends else []}

    streams = []
    for number in range(gpus):
        channel, until = f"system/gpu/{number}", 3 * HOURS
        streams.append(every(channel, partial(values, number), until=until))
        streams.append(every(f"{channel}/processes", partial(processes, number), until=until))
    return at_once(*streams)


def found(samples: list[Sample], **thresholds: float) -> list[Finding]:
    return findings_in(samples, Straggler, **thresholds)


def later(**values: float) -> Change:
    return lambda time: values if HOURS <= time < 2 * HOURS else {}


@pytest.mark.parametrize(
    ("change", "severity", "text"),
    [
        (
            {"sm_clock": 1200.0},
            Severity.WARNING,
            "its clock has been 1200 MHz for 10 min, compared with",
        ),
        (
            {"power": 350.0},
            Severity.WARNING,
            "its power has been 350 W for 10 min, compared with 600 W",
        ),
        (
            {"utilization": 40.0},
            Severity.WARNING,
            "its utilization has been 40% for 10 min, compared with",
        ),
        (
            {"temperature": 83.0},
            Severity.INFO,
            "its temperature has been 83 °C for 10 min, compared with 60",
        ),
    ],
)
def test_a_gpu_that_leaves_the_others_is_reported_until_it_is_back(
    change: dict[str, float], severity: Severity, text: str
) -> None:
    begin, end = found(machine({2: later(**change)}))
    assert (begin.kind, begin.subject, begin.severity) == ("straggler", "gpu2", severity)
    assert begin.summary.startswith(f"GPU 2: {text}")
    assert begin.summary.endswith("on the other 3 GPUs of python3 train.py")
    assert seconds(begin.timestamp) == pytest.approx(71 * MINUTES, abs=MINUTES)
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(2 * HOURS, abs=3 * MINUTES)


def test_a_clock_that_is_slow_from_the_beginning_is_reported() -> None:
    (finding,) = found(machine({0: lambda _: {"sm_clock": 1200.0}}))
    assert seconds(finding.timestamp) == pytest.approx(10 * MINUTES, abs=MINUTES)


def test_it_is_over_once_the_run_ends() -> None:
    *_, end = found(machine({1: lambda _: {"sm_clock": 900.0}}, ends=HOURS))
    assert (end.state, seconds(end.timestamp)) == (State.OVER, HOURS)


def test_the_thresholds_can_be_changed() -> None:
    samples = machine({2: later(utilization=40.0)})
    assert not found(samples, utilization=70)
    begin, _ = found(samples, minutes=30)
    assert seconds(begin.timestamp) == pytest.approx(91 * MINUTES, abs=MINUTES)


def stage(share: float) -> Change:
    return lambda _: {"utilization": 95 * share, "power": 600 * share}


def pauses(phase: float) -> Change:
    """Return evaluations of 8 min, at different times on each GPU."""
    return lambda time: (
        {"utilization": 0.0, "power": 100.0}
        if (time + phase) % (40 * MINUTES) < 8 * MINUTES
        else {}
    )


def long_pauses(phase: float) -> Change:
    return lambda time: {"power": 100.0} if (time + phase) % HOURS < 20 * MINUTES else {}


def requests(number: int) -> Change:
    """Return a server with its own load, and then, like all but the third, with a full one."""

    def values(time: float) -> dict[str, Any]:
        own = 65.0 + 25.0 * math.sin(time / (3 * MINUTES) + 2 * math.pi * number / 4)
        full = 60.0 if number == 2 else 95.0
        return {"utilization": own if time < 1.5 * HOURS else full}

    return values


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {0: stage(0.4)},
        {0: pauses(0)},
        {number: stage(0.3 + 0.2 * number) for number in range(4)},
        {number: pauses(number * 9 * MINUTES) for number in range(4)},
        {0: lambda _: {"temperature": 74.0}},
        dict.fromkeys(range(4), later(utilization=20.0, power=150.0)),
        dict.fromkeys((0, 1), later(utilization=20.0)),
        {number: requests(number) for number in range(4)},
    ],
    ids=[
        *("in step", "stage", "saves", "stages", "same jobs", "slot", "all pause", "two pause"),
        "servers",
    ],
)
def test_what_is_usual_is_not_reported(changes: Mapping[int, Change]) -> None:
    assert not found(machine(changes))


def test_different_jobs_are_not_compared() -> None:
    change = {2: later(utilization=40.0)}
    assert not found(machine(change, command=lambda number: f"python3 job{number}.py"))


def test_of_two_gpus_neither_is_reported() -> None:
    assert not found(machine({1: later(utilization=40.0)}, gpus=2))


def test_cards_of_different_models_are_not_compared() -> None:
    other = machine({3: lambda _: {"name": "another", "sm_clock": 1200.0}})
    assert not found(other)


def test_once_a_second_gpu_was_alone_they_do_not_work_in_step() -> None:
    changes = {number: long_pauses(number * 25 * MINUTES) for number in range(2)}
    assert len([f for f in found(machine(changes)) if f.state is State.ACTIVE]) <= 1


def test_at_a_long_interval_two_readings_do_not_show_that_gpus_work_out_of_step() -> None:
    def briefly(at: float) -> Change:
        return lambda time: {"utilization": 40.0} if at <= time < at + 2 * MINUTES else {}

    gpus = machine({1: briefly(20 * MINUTES), 2: briefly(40 * MINUTES), 3: later(power=350.0)})
    (begin, _) = found([each for each in gpus if seconds(each.timestamp) % MINUTES == 0])
    assert begin.subject == "gpu3"


def test_the_median_of_the_others() -> None:
    values = [1.0, 2.0, 5.0, 9.0]
    assert [median_without(values, rank) for rank in range(4)] == [5.0, 5.0, 2.0, 2.0]
    assert median_without([1.0, 3.0, 8.0], 2) == 2.0
