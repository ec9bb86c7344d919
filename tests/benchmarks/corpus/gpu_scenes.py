"""Machines whose GPUs idle or are slow, rightly or not."""

from collections.abc import Callable
from random import Random

from tests.benchmarks.corpus.jobs import HOUR, Job, Truth
from tests.benchmarks.corpus.machine import Gpu, Machine
from tests.benchmarks.corpus.shapes import GIB, MIB, Shape, flat

Built = tuple[Machine, list[Truth]]


def _machine(rng: Random, memory: Shape, use: Shape) -> Machine:
    hours = rng.choice([3.0, 6.0, 12.0])
    job = Job(memory, utilization=use, command="python3 -m ipykernel_launcher")
    return Machine(rng, hours, [Gpu([job], idle_power=rng.uniform(15, 90))])


def context_only(rng: Random) -> Built:
    return _machine(rng, flat(rng.uniform(10, 500) * MIB), flat(0.0)), []


def pauses(rng: Random) -> Built:
    """Checkpoints and evaluations on the CPU, up to 12 min long."""
    every, length = rng.uniform(1200, 7200), rng.uniform(60, 720)
    use = rng.uniform(40, 99)
    memory = flat(rng.uniform(5, 70) * GIB)
    return _machine(rng, memory, lambda time: use if time % every > length else 0.0), []


def short_kernels(rng: Random) -> Built:
    """The driver reads 0 to 1%; the power shows that it works."""
    machine = _machine(rng, flat(rng.uniform(2, 60) * GIB), lambda _time: rng.choice([0.0, 1.0]))
    share, more = rng.uniform(0.2, 0.9), rng.uniform(1.4, 2.3)
    floor = machine.gpus[0].idle_power * 1.6
    machine.gpus[0].overrides = lambda _time: {
        "power": round(floor * (more if rng.random() < share else 1.0) + rng.gauss(0, 2), 1)
    }
    return machine, []


def little_use(rng: Random) -> Built:
    """Inference with few requests."""
    mean = rng.uniform(8, 25)
    memory = flat(rng.uniform(5, 70) * GIB)
    return _machine(rng, memory, lambda _time: max(0.0, rng.gauss(mean, mean / 2))), []


def abandoned(rng: Random) -> Built:
    """A notebook that keeps its memory; now and then, a cell runs for some seconds."""
    blips = rng.choice([0.0, 0.0, 0.002, 0.01])
    begin = rng.uniform(0.1, 1.5) * HOUR
    end = begin + rng.uniform(0.5, 1.4) * HOUR

    def use(time: float) -> float:
        if begin <= time < end:
            return 60.0 if rng.random() < blips else rng.choice([0.0, 0.0, 1.0])
        return 90.0

    machine = _machine(rng, flat(rng.uniform(2, 70) * GIB), use)
    return machine, [Truth("idle_gpu", "gpu0", begin, end)]


def _slowed(rng: Random, reason: str, when: Callable[[float], bool]) -> Machine:
    """A GPU that ``reason`` slows down at the times of ``when``."""
    machine = _machine(rng, flat(rng.uniform(5, 70) * GIB), flat(rng.uniform(85, 99)))
    slow = rng.uniform(0.5, 0.9)
    machine.gpus[0].overrides = lambda time: (
        {"throttle_reasons": [reason], "sm_clock": round(1980 * slow)} if when(time) else {}
    )
    return machine


def short_heat(rng: Random) -> Built:
    """Some seconds of heat now and then."""
    share = rng.uniform(0.0, 0.03)
    return _slowed(rng, "sw_thermal_slowdown", lambda _time: rng.random() < share), []


def some_cap(rng: Random) -> Built:
    """At the power cap for a part of the time, as trainings are."""
    share = rng.uniform(0.1, 0.5)
    return _slowed(rng, "sw_power_cap", lambda _time: rng.random() < share), []


def set_clocks(rng: Random) -> Built:
    """Clocks that a user has set."""
    return _slowed(rng, "applications_clocks_setting", lambda _time: True), []


def heat(rng: Random) -> Built:
    begin = rng.uniform(0.2, 1.5) * HOUR
    end = begin + rng.uniform(0.25, 1.2) * HOUR
    share = rng.uniform(0.4, 1.0)
    reason = rng.choice(["hw_thermal_slowdown", "sw_thermal_slowdown", "hw_power_brake_slowdown"])
    machine = _slowed(rng, reason, lambda time: begin <= time < end and rng.random() < share)
    return machine, [Truth("throttling", "gpu0", begin, end)]


def full_cap(rng: Random) -> Built:
    """At the power cap all the time: worth knowing."""
    begin = rng.uniform(0.2, 1.5) * HOUR
    end = begin + rng.uniform(0.5, 1.2) * HOUR
    machine = _slowed(rng, "sw_power_cap", lambda time: begin <= time < end)
    return machine, [Truth("throttling", "gpu0", begin, end)]


HARMLESS = (context_only, pauses, short_kernels, little_use, short_heat, some_cap, set_clocks)
TROUBLE = (abandoned, abandoned, heat, full_cap)
