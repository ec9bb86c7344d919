"""Machines with several GPUs, which work in step or not."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.benchmarks.corpus.jobs import HOUR, Job, Truth
from tests.benchmarks.corpus.machine import Gpu, Machine
from tests.benchmarks.corpus.shapes import GIB, Shape, flat, wander

KIND = "straggler"
Built = tuple[Machine, list[Truth]]


def _machine(
    rng: Random, uses: Sequence[Shape], *, starts: Callable[[int], float] = lambda _: 30.0
) -> Machine:
    """Return a machine with a GPU for each of ``uses``; cards and slots differ a little."""
    memory = rng.uniform(10, 70) * GIB
    gpus = []
    for number, use in enumerate(uses):
        job = Job(flat(memory * rng.uniform(0.97, 1.03)), starts(number), utilization=use)
        job.pid = 5000 + number
        gpu = Gpu([job], power_limit=700 * rng.uniform(0.97, 1.03))
        gpu.warmer = rng.uniform(-7, 7)
        gpus.append(gpu)
    return Machine(rng, rng.choice([3.0, 6.0]), gpus)


def _number(rng: Random) -> int:
    return rng.choice([3, 4, 4, 8, 8])


def _step(rng: Random) -> Shape:
    """Return what all GPUs of a run do in step: work, and pauses for evaluations."""
    mean, every, length = rng.uniform(55, 99), rng.uniform(900, 5400), rng.uniform(20, 600)
    slow = wander(rng, 4, 300)
    seen: dict[float, float] = {}

    def shape(time: float) -> float:  # each GPU asks at the same time
        if time not in seen:
            seen.clear()
            pause = time % every > every - length
            seen[time] = 2.0 if pause else min(100.0, mean + slow(time))
        return seen[time]

    return shape


def _rank(rng: Random, step: Shape) -> Shape:
    """Return one of the GPUs that work in step."""
    return lambda time: max(0.0, min(100.0, step(time) + rng.gauss(0, 2)))


def _ranks(rng: Random) -> list[Shape]:
    step = _step(rng)
    return [_rank(rng, step) for _ in range(_number(rng))]


# Harmless.


def in_step(rng: Random) -> Built:
    return _machine(rng, _ranks(rng)), []


def sweep(rng: Random) -> Built:
    """One command for each GPU, started together, with models of different sizes."""
    uses = [_rank(rng, flat(rng.uniform(20, 98))) for _ in range(_number(rng))]
    return _machine(rng, uses), []


def same_jobs(rng: Random) -> Built:
    """The same job on each GPU; each evaluates when it is there."""
    mean, length = rng.uniform(60, 98), rng.uniform(30, 540)

    def one() -> Shape:
        every, phase = rng.uniform(1200, 5400), rng.uniform(0, 3000)
        return lambda time: 3.0 if (time + phase) % every < length else mean + rng.gauss(0, 3)

    return _machine(rng, [one() for _ in range(_number(rng))]), []


def staggered(rng: Random) -> Built:
    """Jobs of a queue: each begins and ends at another time."""
    number = _number(rng)
    machine = _machine(
        rng,
        [_rank(rng, _step(rng)) for _ in range(number)],
        starts=lambda each: 30.0 + each * rng.uniform(130, 1500),
    )
    for gpu in machine.gpus:
        gpu.jobs[0].end = machine.hours * HOUR * rng.uniform(0.4, 1.1)
    return machine, []


def pipeline(rng: Random) -> Built:
    """The stages of a pipeline: the first and the last have more to wait for."""
    step = _step(rng)
    shares = [rng.uniform(0.45, 1.0) for _ in range(_number(rng))]
    return _machine(rng, [_scaled(rng, step, share) for share in shares]), []


def _scaled(rng: Random, step: Shape, share: float) -> Shape:
    rank = _rank(rng, step)
    return lambda time: rank(time) * share


def first_rank_saves(rng: Random) -> Built:
    """The first rank saves checkpoints, while the others wait at full utilization."""
    every, length = rng.uniform(900, 5400), rng.uniform(20, 400)
    ranks = _ranks(rng)
    first = ranks[0]
    ranks[0] = lambda time: 2.0 if time % every > every - length else first(time)
    return _machine(rng, ranks), []


def first_rank_evaluates(rng: Random) -> Built:
    """The first rank evaluates for minutes, while the others do nothing."""
    every, length = rng.uniform(1800, 7200), rng.uniform(100, 280)
    ranks = _ranks(rng)
    waiting = [_paused(rank, every, length) for rank in ranks[1:]]
    return _machine(rng, [ranks[0], *waiting]), []


def _paused(rank: Shape, every: float, length: float) -> Shape:
    return lambda time: 1.0 if time % every > every - length else rank(time)


def several_users(rng: Random) -> Built:
    machine = _machine(rng, [_rank(rng, flat(rng.uniform(5, 98))) for _ in range(_number(rng))])
    for number, gpu in enumerate(machine.gpus):
        gpu.jobs[0].command = f"python3 experiment_{number}.py"
    return machine, []


def replicas(rng: Random) -> Built:
    """Servers of one model, with requests that come as they like."""
    mean = rng.uniform(25, 75)

    def one() -> Shape:
        load = wander(rng, rng.uniform(10, 30), rng.uniform(60, 3600))
        return lambda time: max(8.0, min(100.0, mean + load(time)))

    return _machine(rng, [one() for _ in range(_number(rng))]), []


def warm_slots(rng: Random) -> Built:
    """Cards that heat each other: some are always warmer."""
    machine = _machine(rng, _ranks(rng))
    for gpu in machine.gpus:
        gpu.warmer = rng.uniform(-14, 14)
    return machine, []


def restarted(rng: Random) -> Built:
    """A run that fails now and then, and begins again; its ranks end one after the other."""
    machine = _machine(rng, _ranks(rng))
    every = rng.uniform(900, 5400)
    for number, gpu in enumerate(machine.gpus):
        first, jobs = gpu.jobs[0], []
        for again in range(int(machine.hours * HOUR / every) + 1):
            begin = again * every + 30
            end = begin + every - rng.uniform(60, 240)
            use = first.utilization
            jobs.append(Job(first.memory, begin, end, use, pid=5000 + 100 * again + number))
        gpu.jobs = jobs
    return machine, []


# Trouble.


def _times(rng: Random) -> tuple[float, float]:
    begin = rng.uniform(0.4, 1.5) * HOUR
    return begin, begin + rng.uniform(0.5, 1.2) * HOUR


def slow_clock(rng: Random) -> Built:
    """One GPU's clock falls; the others wait for it, at full utilization."""
    machine = _machine(rng, _ranks(rng))
    begin, end = _times(rng)
    if rng.random() < 0.3:
        begin = 0.0  # from the beginning
    which, clock = rng.randrange(len(machine.gpus)), 1980 * rng.uniform(0.4, 0.78)
    machine.gpus[which].overrides = lambda time: (
        {"sm_clock": round(clock + rng.gauss(0, 10))} if begin <= time < end else {}
    )
    return machine, [Truth(KIND, f"gpu{which}", begin, end)]


def starved_rank(rng: Random) -> Built:
    """One rank waits for its data, and the others wait for it at full utilization."""
    ranks = _ranks(rng)
    begin, end = _times(rng)
    which, less = rng.randrange(len(ranks)), rng.uniform(0.3, 0.65)
    rank = ranks[which]
    ranks[which] = lambda time: rank(time) * (less if begin - 30 <= time < end - 30 else 1.0)
    return _machine(rng, ranks), [Truth(KIND, f"gpu{which}", begin, end)]


def hot_gpu(rng: Random) -> Built:
    """The fan of one GPU fails."""
    machine = _machine(rng, _ranks(rng))
    begin, end = _times(rng)
    which, more = rng.randrange(len(machine.gpus)), rng.uniform(17, 32)
    gpu = machine.gpus[which]

    def hotter(time: float) -> dict[str, Any]:
        return (
            {"temperature": round(gpu.temperature + gpu.warmer + more)}
            if begin <= time < end
            else {}
        )

    gpu.overrides = hotter
    return machine, [Truth(KIND, f"gpu{which}", begin, end)]


HARMLESS = (
    *(in_step, sweep, same_jobs, staggered, pipeline, first_rank_saves, first_rank_evaluates),
    *(several_users, replicas, warm_slots, restarted),
)
TROUBLE = (slow_clock, starved_rank, hot_gpu)
