"""Machines with runs whose processes hold RAM: rightly, or more and more of it."""

import math
from random import Random

from tests.benchmarks.corpus.jobs import HOUR, Run, Truth
from tests.benchmarks.corpus.machine import Machine
from tests.benchmarks.corpus.memory_scenes import KIND, beside, leak_shape, until_full
from tests.benchmarks.corpus.shapes import (
    GIB,
    Shape,
    flat,
    ramp,
    sawtooth,
    spikes,
    tide,
    together,
    users,
    wander,
)

Built = tuple[Machine, list[Truth]]


def _machine(rng: Random, hours: float) -> Machine:
    """Return a machine whose other users take and release RAM."""
    machine = Machine(rng, hours)
    machine.ram_total = rng.choice([64.0, 128.0, 256.0, 512.0]) * GIB
    part = machine.ram_total * rng.uniform(0.02, 0.1)
    machine.ram = together(
        flat(part),
        wander(rng, part * rng.uniform(0.1, 0.5), 10 ** rng.uniform(2.5, 4)),
        rng.choice(
            [flat(0.0), tide(part, 24 * HOUR, rng.random()), users(rng, part, hours * HOUR / 6, 4)]
        ),
    )
    return machine


def _hours(rng: Random) -> float:
    return rng.choice([3.0, 6.0, 12.0, 24.0])


def _limit(rng: Random, machine: Machine) -> float | None:
    """Return the limit of a job on a cluster, or None."""
    return machine.ram_total * rng.uniform(0.3, 0.6) if rng.random() < 0.5 else None


def _quiet(rng: Random, size: float) -> Shape:
    """Return a training that has loaded its data, and whose workers come and go."""
    return together(
        ramp(size * 0.8, rng.uniform(10, 900)),
        sawtooth(rng, size * rng.uniform(0.02, 0.2), rng.uniform(60, 1800)),
        wander(rng, size * 0.01, rng.uniform(60, 600)),
    )


# Harmless.


def run_steady(rng: Random) -> Built:
    machine = _machine(rng, _hours(rng))
    size = machine.ram_total * rng.uniform(0.1, 0.25)
    machine.runs = [Run(_quiet(rng, size), rng.uniform(0, HOUR), limit=_limit(rng, machine))]
    return machine, []


def run_epochs(rng: Random) -> Built:
    """Workers whose memory grows during an epoch, and which are started again for the next."""
    machine = _machine(rng, _hours(rng))
    limit = _limit(rng, machine)
    size = (limit or machine.ram_total) * rng.uniform(0.1, 0.5)
    teeth = sawtooth(rng, size * rng.uniform(0.1, 0.6), rng.uniform(120, 2400))
    shape = together(ramp(size, rng.uniform(10, 600)), teeth)
    machine.runs = [Run(shape, rng.uniform(0, HOUR), limit=limit)]
    return machine, []


def run_cache(rng: Random) -> Built:
    """A cache in the process that fills more and more slowly, and a cgroup full of files."""
    machine = _machine(rng, _hours(rng))
    limit = _limit(rng, machine)
    size, seconds = (
        (limit or machine.ram_total) * rng.uniform(0.2, 0.6),
        10 ** rng.uniform(2, 3.6),
    )
    files = ramp(size * rng.uniform(0, 0.5), rng.uniform(60, 3600))
    shape = together(flat(2 * GIB), lambda time: size * (1 - math.exp(-time / seconds)))
    machine.runs = [Run(shape, rng.uniform(0, HOUR), limit=limit, cache=files)]
    return machine, []


def run_queue(rng: Random) -> Built:
    """One run after another, each larger than the one before, or each of another size."""
    hours = _hours(rng)
    machine = _machine(rng, hours)
    number = rng.randint(3, 12)
    sizes = [machine.ram_total * rng.uniform(0.05, 0.6) for _ in range(number)]
    if rng.random() < 0.5:
        sizes.sort()
    every = hours * HOUR / number
    machine.runs = [
        Run(_quiet(rng, size), at * every, (at + rng.uniform(0.7, 0.99)) * every, number=at + 1)
        for at, size in enumerate(sizes)
    ]
    return machine, []


def run_datasets(rng: Random) -> Built:
    """A run that reads one dataset after another into RAM, while it trains."""
    machine = _machine(rng, _hours(rng))
    machine.ram = flat(machine.ram_total * rng.uniform(0.02, 0.1))
    size, stays = machine.ram_total * rng.uniform(0.05, 0.2), rng.uniform(0, HOUR / 2)
    rate = size / math.exp(rng.uniform(math.log(300), math.log(4000)))
    packed = rng.uniform(0.5, 1.2)

    def loaded(time: float) -> float:
        return min(size, rate * time) + min(size, rate * max(0.0, time - size / rate - stays))

    machine.runs = [
        Run(loaded, rng.uniform(0, HOUR), read=lambda time: packed * loaded(time) + 1e5 * time)
    ]
    begin, reading = machine.runs[0].start, packed * rate / 1e6

    def disk(time: float) -> dict[str, float]:
        loads = loaded(time + 1 - begin) > loaded(time - begin) if time > begin else False
        return {"read_rate": rng.uniform(0.8, 1.2) * reading if loads else rng.uniform(0, 1)}

    machine.disk = disk
    return machine, []


# Leaks.


def _leaking(rng: Random, *, limited: bool) -> Built:
    takes, begin = until_full(rng), rng.uniform(0, 2 * HOUR)
    machine = _machine(rng, 1.0)
    limit = machine.ram_total * (rng.uniform(0.25, 0.6) if limited else 0.85)
    size = limit * rng.uniform(0.1, 0.6)
    start = rng.uniform(0, 1800)
    machine.hours = (start + begin + 3 * takes) / HOUR + 1
    rate = (limit - size) / takes
    shape = together(_quiet(rng, size * 0.8), leak_shape(rng, rate, begin))
    if rng.random() < 0.3:
        shape = together(shape, spikes(rng, size * 0.1, rng.uniform(600, 3600), 60))
    truth = Truth(KIND, "run-auto-1", start + begin)
    reads = 10 ** rng.uniform(3, 7)
    machine.runs = [
        Run(
            shape,
            start,
            limit=limit if limited else None,
            read=lambda time: reads * time,
            truth=truth,
        )
    ]
    if rng.random() < 0.5:
        machine.disk = beside(rng, rate, start + begin)
    return machine, [truth]


def run_leak(rng: Random) -> Built:
    return _leaking(rng, limited=False)


def run_leak_in_cgroup(rng: Random) -> Built:
    """A leak in a job with a memory limit, on a machine that has enough."""
    return _leaking(rng, limited=True)


HARMLESS = (run_steady, run_epochs, run_cache, run_queue, run_datasets)
TROUBLE = (run_leak, run_leak_in_cgroup)
