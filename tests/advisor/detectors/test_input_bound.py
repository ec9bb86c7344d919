from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from advisor.detectors.input_bound import InputBound
from advisor.findings import Finding, Severity, State
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, MINUTES, at_once, every, findings_in, seconds

Values = Callable[[float], dict[str, Any]]
CORES = [10.0] * 16
ONE_CORE = {"utilization": 15.0, "per_core": [100.0, *CORES[1:]]}
ALL_CORES = {"utilization": 97.0, "per_core": [97.0] * 16}
QUIET = {"utilization": 10.0, "per_core": CORES}


def by_turns(time: float) -> float:
    """Return work in one of four readings; in the second hour only."""
    if not HOURS <= time < 2 * HOURS:
        return 95.0
    return 95.0 if time % 40 < 10 else 0.0


def evenly(time: float) -> float:
    return 30.0 if HOURS <= time < 2 * HOURS else 95.0


def machine(
    use: Callable[[float], float],
    host: dict[str, Values] | None = None,
    *,
    gpus: int = 1,
    command: str | None = "python3 train.py",
    more: Values = lambda _: {},
    until: float = 3 * HOURS,
) -> list[Sample]:
    """Return a run on ``gpus`` with the utilization ``use``, and what the ``host`` shows."""

    def values(time: float) -> dict[str, Any]:
        return {"utilization": use(time), "memory_used": 40 * GB, **more(time)}

    def processes(pid: int, time: float) -> dict[str, Any]:
        held = {"memory_used": 40 * GB, "started": 1, "user": "ada"}
        return {"processes": [{"pid": pid, "command": command, **held}] if time < until else []}

    streams = []
    for number in range(gpus):
        channel = f"system/gpu/{number}"
        streams.append(every(channel, values, until=3 * HOURS))
        if command is not None:
            listed = partial(processes, number)
            streams.append(every(f"{channel}/processes", listed, until=3 * HOURS))
    for family, shown in ({"cpu": lambda _: QUIET} | (host or {})).items():
        streams.append(every(f"system/{family}", shown, until=3 * HOURS))
    return at_once(*streams)


def found(samples: list[Sample], **thresholds: float) -> list[Finding]:
    return findings_in(samples, InputBound, **thresholds)


def constantly(values: dict[str, Any]) -> Values:
    return lambda _: values


LIMITS = [
    ({"cpu": constantly(ONE_CORE)}, "one CPU core is at its limit"),
    ({"cpu": constantly(ALL_CORES)}, "all CPU cores are at their limit"),
    ({"memory": constantly({"pressure_full": 30.0})}, "every task waits for memory"),
    ({"disk": constantly({"read_rate": 90.0, "pressure_full": 40.0})}, "every task waits for I/O"),
    (
        {"disk": constantly({"read_rate": 90.0, "pressure_some": 40.0, "pressure_full": 5.0})},
        "the disks read at nearly their highest rate so far",
    ),
    (
        {"network": constantly({"download_rate": 118.0})},
        "the host receives data from the network at nearly the highest rate so far",
    ),
]


@pytest.mark.parametrize(("host", "why"), LIMITS)
@pytest.mark.parametrize("use", [by_turns, evenly])
def test_a_run_that_waits_is_reported_with_the_limit_of_the_host(
    use: Callable[[float], float], host: dict[str, Values], why: str
) -> None:
    begin, end = found(machine(use, host))
    assert (begin.kind, begin.subject, begin.severity) == ("input_bound", "gpu0", Severity.WARNING)
    assert why in begin.summary
    assert begin.summary.startswith("GPU 0: python3 train.py has used ")
    assert seconds(begin.timestamp) == pytest.approx(80 * MINUTES, abs=6 * MINUTES)
    assert end.state is State.OVER
    assert seconds(end.timestamp) == pytest.approx(130 * MINUTES, abs=6 * MINUTES)


def test_a_full_pcie_link_is_a_limit() -> None:
    link = {"pcie_generation": 4, "pcie_width": 16, "pcie_rx_rate": 25_000.0}
    begin, _ = found(machine(evenly, more=constantly(link)))
    assert "the PCIe link is full" in begin.summary


def test_turns_that_the_host_does_not_explain_are_worth_knowing() -> None:
    begin, end = found(machine(by_turns))
    assert begin.severity is Severity.INFO
    assert begin.summary.endswith(
        "it alternates between work and waiting, and no host limit explains this"
    )
    assert "torch.profiler" in begin.advice
    assert end.state is State.OVER


def test_the_gpus_of_a_run_are_one_finding() -> None:
    begin, _ = found(machine(by_turns, {"cpu": constantly(ONE_CORE)}, gpus=4))
    assert begin.subject == "gpu0"
    assert begin.summary.startswith("GPU 0 and 3 more: python3 train.py has used 24% of the GPUs")


def test_a_gpu_without_a_list_of_processes_is_judged_by_itself() -> None:
    samples = machine(by_turns, {"cpu": constantly(ONE_CORE)}, gpus=2, command=None)
    begun = [each for each in found(samples) if each.state is State.ACTIVE]
    assert [each.subject for each in begun] == ["gpu0", "gpu1"]
    assert begun[0].summary.startswith("GPU 0: a process has used")


def test_it_is_over_once_the_run_ends() -> None:
    _, end, *_ = found(machine(by_turns, {"cpu": constantly(ONE_CORE)}, until=1.7 * HOURS))
    assert (end.state, seconds(end.timestamp)) == (State.OVER, 1.7 * HOURS)


def test_the_thresholds_can_be_changed() -> None:
    samples = machine(evenly, {"cpu": constantly(ONE_CORE)})
    assert not found(samples, utilization=25)
    begin, _ = found(samples, minutes=40)
    assert seconds(begin.timestamp) == pytest.approx(100 * MINUTES, abs=6 * MINUTES)


def busy(_time: float) -> float:
    return 92.0


def medium(_time: float) -> float:
    return 60.0


def nothing(_time: float) -> float:
    return 0.0


def pauses(time: float) -> float:
    return 0.0 if time % HOURS < 12 * MINUTES else 95.0


@pytest.mark.parametrize("use", [busy, medium, nothing, pauses])
@pytest.mark.parametrize("host", [host for host, _ in LIMITS])
def test_a_gpu_that_does_not_wait_is_not_reported_beside_a_busy_host(
    use: Callable[[float], float], host: dict[str, Values]
) -> None:
    assert not found(machine(use, host))


def test_even_low_utilization_on_a_quiet_host_is_not_reported() -> None:
    assert not found(machine(evenly))


def test_a_core_that_is_busy_now_and_then_explains_nothing() -> None:
    core = {"cpu": lambda time: ONE_CORE if time % 100 < 20 else QUIET}
    assert not found(machine(evenly, core))


@pytest.mark.parametrize("command", ["python3 -m vllm.entrypoints.openai.api_server", "jupyter"])
def test_what_waits_for_requests_or_for_a_person_is_not_reported(command: str) -> None:
    assert not found(machine(by_turns, {"cpu": constantly(ONE_CORE)}, command=command))


def test_a_gpu_without_a_reading_of_its_utilization_is_not_reported() -> None:
    samples = machine(by_turns, {"cpu": constantly(ONE_CORE)}, more=lambda _: {"utilization": None})
    assert not found(samples)


def test_utilization_that_hovers_about_the_threshold_makes_one_finding() -> None:
    def hovering(time: float) -> float:
        return 45.0 if time % HOURS < HOURS / 2 else 55.0

    samples = machine(hovering, {"cpu": lambda _: ONE_CORE})
    assert [each.state for each in found(samples)] == [State.ACTIVE]
