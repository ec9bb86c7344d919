"""Machines whose hardware fails, or seems to."""

from random import Random
from typing import Any

from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState
from tests.benchmarks.corpus.jobs import EPOCH, HOUR, Job, Truth
from tests.benchmarks.corpus.machine import HOST, Extra, Gpu, Machine
from tests.benchmarks.corpus.shapes import GIB, flat

KIND = "hardware"
Built = tuple[Machine, list[Truth]]


def _machine(rng: Random, overrides: Extra) -> Machine:
    use, pause = rng.uniform(60, 99), rng.uniform(0, 0.4)
    job = Job(flat(30 * GIB), utilization=lambda time: 0.0 if time % 900 < 900 * pause else use)
    return Machine(rng, rng.choice([3.0, 6.0, 12.0]), [Gpu([job], overrides=overrides), Gpu()])


def _times(rng: Random) -> tuple[float, float]:
    begin = rng.uniform(0.2, 1.5) * HOUR
    return begin, begin + rng.uniform(0.5, 1.2) * HOUR


def corrected_errors(rng: Random) -> Built:
    every = rng.uniform(10, 1000)
    return _machine(rng, lambda time: {"ecc_errors_corrected": int(time / every)}), []


def rebooted(rng: Random) -> Built:
    """Old errors, and a counter that a reboot sets back."""
    at, number = rng.uniform(0.5, 2) * HOUR, rng.randint(1, 9)

    def values(time: float) -> dict[str, Any]:
        volatile = number if time < at else 0
        return {
            "ecc_errors_uncorrected": number + 3,
            "ecc_errors_uncorrected_volatile": volatile,
        }

    machine = _machine(rng, values)
    machine.gaps.append((at, at + 300))
    return machine, []


def passing_flags(rng: Random) -> Built:
    """A flag that is read wrongly now and then, and a narrow link while nothing is computed."""
    every = rng.uniform(1800, 7200)
    length = rng.uniform(1, 3)
    machine = _machine(rng, lambda time: {"remapping_pending": int(time % every < length)})
    machine.gpus[1].overrides = lambda _time: {"pcie_width": rng.choice([4, 8, 16])}
    return machine, []


def short_failures(rng: Random) -> Built:
    """A sensor that fails for a moment."""
    every, length = rng.uniform(1200, 7200), rng.uniform(5, 150)
    machine = _machine(rng, lambda _time: {})
    machine.statuses = lambda time: _status(time, failing=time % every < length)
    return machine, []


def _status(time: float, *, failing: bool) -> CollectorStatus:
    state = SensorState.FAILING if failing else SensorState.OK
    reports = {"gpu": SensorReport(state, "GPU 0 does not answer" if failing else None)}
    at = EPOCH + int(time * 1000)
    return CollectorStatus(HOST, at, CollectorState.ONLINE, "0", EPOCH, 10.0, reports)


def memory_errors(rng: Random) -> Built:
    begin, end = _times(rng)
    number = rng.randint(1, 20)
    machine = _machine(
        rng, lambda time: {"ecc_errors_uncorrected": 4 + (number if time >= begin else 0)}
    )
    return machine, [Truth(KIND, "gpu0", begin, end)]


def pending_repair(rng: Random) -> Built:
    begin, end = _times(rng)
    flag = rng.choice(["remapping_pending", "retirement_pending"])
    machine = _machine(rng, lambda time: {flag: int(begin <= time < end)})
    return machine, [Truth(KIND, "gpu0", begin, end)]


def slow_link(rng: Random) -> Built:
    begin, end = _times(rng)
    machine = _machine(rng, lambda time: {"pcie_width": 8} if begin <= time < end else {})
    return machine, [Truth(KIND, "gpu0", begin, end)]


def lost_gpu(rng: Random) -> Built:
    begin, end = _times(rng)
    machine = _machine(rng, lambda time: {"lost": 1} if begin <= time < end else {})
    machine.statuses = lambda time: _status(time, failing=begin <= time < end)
    subjects = ("gpu0", "sensor-gpu")
    return machine, [Truth(KIND, subject, begin, end) for subject in subjects]


HARMLESS = (corrected_errors, rebooted, passing_flags, short_failures)
TROUBLE = (memory_errors, pending_repair, slow_link, lost_gpu)
