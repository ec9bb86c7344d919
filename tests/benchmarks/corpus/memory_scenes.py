"""Machines whose memory grows, rightly or not."""

import math
from random import Random
from typing import Any

from tests.benchmarks.corpus.jobs import HOUR, Job, Truth
from tests.benchmarks.corpus.machine import Extra, Gpu, Machine
from tests.benchmarks.corpus.shapes import (
    GIB,
    MIB,
    Shape,
    allocator,
    flat,
    leak,
    noise,
    ramp,
    sawtooth,
    spikes,
    step_leak,
    tide,
    together,
    users,
    wander,
)

KIND = "memory_growth"
CARDS = (12.0, 24.0, 48.0, 80.0, 141.0)  # GiB
Built = tuple[Machine, list[Truth]]


def _hours(rng: Random) -> float:
    return rng.choice([3.0, 4.0, 6.0, 8.0, 12.0, 24.0])


def _busy(rng: Random) -> Shape:
    mean = rng.uniform(30, 98)
    return lambda _time: min(100.0, rng.gauss(mean, 8))


def _quiet_ram(rng: Random) -> Shape:
    return together(flat(rng.uniform(20, 200) * GIB), wander(rng, 3 * GIB, 900))


def _reads(rng: Random, field: str) -> Extra:
    """A training that reads its data all the time."""
    rate = 10 ** rng.uniform(-1, 2.7)  # MB/s
    return lambda _time: {field: rate * rng.uniform(0.3, 1.7)}


def beside(rng: Random, rate: float, begin: float) -> Extra:
    """Another program that reads from about ``begin`` on, about ``rate`` (bytes/s) on average.

    It reads all the time, or in turns: a backup, an evaluation of files.
    """
    begin, end = begin + rng.uniform(-600, 600), begin + rng.uniform(1, 6) * HOUR
    usual = rate / 1e6 * rng.uniform(0.2, 2)
    every, share = rng.uniform(300, 3600), rng.choice([1.0, rng.uniform(0.1, 0.6)])

    def values(time: float) -> dict[str, Any]:
        reads = begin <= time < end and time % every < share * every
        return {"read_rate": usual / share * rng.uniform(0.5, 1.5) if reads else 0.1}

    return values


def _base(rng: Random, size: float) -> Shape:
    """A training without a leak that uses at most ``size``."""
    start = ramp(size * rng.uniform(0.4, 0.7), rng.uniform(10, 300), rng.choice([0, 3, 8]))
    more = size * rng.uniform(0.05, 0.28)
    other = rng.choice(["flat", "sawtooth", "spikes", "allocator"])
    if other == "sawtooth":
        return together(start, sawtooth(rng, more, rng.uniform(20, 600)))
    if other == "spikes":
        every = rng.uniform(600, 3600)
        return together(start, spikes(rng, more, every, every * rng.uniform(0.05, 0.2)))
    if other == "allocator":
        return together(start, allocator(rng, more))
    return start


def _one_gpu(rng: Random, hours: float, total: float, memory: Shape, **job: float) -> Machine:
    gpu = Gpu([Job(memory, utilization=_busy(rng), **job)], total, listed=rng.random() < 0.7)  # type: ignore[arg-type]
    return Machine(rng, hours, [gpu], _quiet_ram(rng))


# Harmless.


def steady(rng: Random) -> Built:
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    return _one_gpu(rng, hours, total, _base(rng, total * rng.uniform(0.5, 0.97))), []


def warm_up(rng: Random) -> Built:
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    start = ramp(total * rng.uniform(0.4, 0.95), rng.uniform(300, 2400), rng.choice([0, 0, 5, 20]))
    return _one_gpu(rng, hours, total, start, start=rng.uniform(0, HOUR)), []


def epoch_sawtooth(rng: Random) -> Built:
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    base = total * rng.uniform(0.3, 0.65)
    tooth = sawtooth(rng, total * rng.uniform(0.05, 0.33), rng.uniform(30, 2400))
    return _one_gpu(rng, hours, total, together(ramp(base, 60), tooth)), []


def validation(rng: Random) -> Built:
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    every = rng.uniform(600, 5400)
    more = spikes(rng, total * rng.uniform(0.1, 0.3), every, every * rng.uniform(0.05, 0.3))
    return _one_gpu(rng, hours, total, together(ramp(total * 0.6, 60), more)), []


def saturating(rng: Random) -> Built:
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    pool = allocator(rng, total * rng.uniform(0.5, 0.95), 10 ** rng.uniform(-1.5, 0.5))
    return _one_gpu(rng, hours, total, pool), []


def approach(rng: Random) -> Built:
    """A pool that fills exponentially, over minutes to hours, and then stays."""
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    size, seconds = total * rng.uniform(0.3, 0.9), 10 ** rng.uniform(2, 3.8)
    return _one_gpu(rng, hours, total, lambda time: size * (1 - math.exp(-time / seconds))), []


def dataset(rng: Random) -> Built:
    hours = _hours(rng)
    total = rng.choice([64.0, 128.0, 256.0, 512.0, 1024.0]) * GIB
    size, rate = total * rng.uniform(0.1, 0.7), 10 ** rng.uniform(8.0, 9.3)
    load = ramp(size, size / rate)
    begin = rng.uniform(60, HOUR)
    machine, _ = steady(rng)
    machine.hours = hours
    machine.ram_total = total
    machine.ram = together(
        flat(total * rng.uniform(0.05, 0.2)),
        wander(rng, total * 0.004, 600),
        lambda time: load(max(0.0, time - begin)),
    )
    training = _reads(rng, "read_rate")
    field = rng.choice(["read_rate", "read_rate", "download_rate"])

    def reading(time: float) -> dict[str, Any]:
        if time < begin:
            return {field: rng.uniform(0, 5)}
        loading = time < begin + size / rate
        return {field: rate / 1e6 * rng.uniform(0.8, 1.4)} if loading else training(time)

    machine.disk, machine.network = (reading, None) if field == "read_rate" else (None, reading)
    return machine, []


def jobs(rng: Random) -> Built:
    """One job after another, of different sizes; some get larger and larger."""
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    number = rng.randint(3, 15)
    sizes = [total * rng.uniform(0.1, 0.9) for _ in range(number)]
    if rng.random() < 0.4:
        sizes.sort()
    every = hours * HOUR / number
    queue = [
        Job(
            _base(rng, size),
            at * every,
            (at + rng.uniform(0.7, 0.99)) * every,
            _busy(rng),
            pid=5000 + at,
        )
        for at, size in enumerate(sizes)
    ]
    return Machine(rng, hours, [Gpu(queue, total, listed=rng.random() < 0.7)], _quiet_ram(rng)), []


def others(rng: Random) -> Built:
    """A shared machine: its users start things in steps, on the GPU and in RAM."""
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    steps = users(rng, total * 0.12, hours * HOUR / 8, 6)
    machine = _one_gpu(rng, hours, total, together(flat(total * 0.2), steps))
    machine.gpus[0].listed = False
    machine.ram = together(_quiet_ram(rng), users(rng, 40 * GIB, hours * HOUR / 8, 6))
    return machine, []


def shared_ram(rng: Random) -> Built:
    """RAM that drifts, with more by day than by night."""
    hours = rng.choice([12.0, 24.0])
    machine, _ = steady(rng)
    machine.hours = hours
    machine.ram = together(
        flat(rng.uniform(100, 250) * GIB),
        wander(rng, rng.uniform(2, 25) * GIB, 10 ** rng.uniform(2.5, 4)),
        tide(rng.uniform(10, 80) * GIB, 24 * HOUR, rng.random()),
    )
    return machine, []


def near_limit(rng: Random) -> Built:
    """A training that leaves almost nothing free, on purpose."""
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    memory = together(
        ramp(total * rng.uniform(0.85, 0.95), 120),
        sawtooth(rng, total * 0.03, rng.uniform(20, 900)),
        noise(rng, total * 0.003),
    )
    return _one_gpu(rng, hours, total, memory), []


def small_creep(rng: Random) -> Built:
    """Growth that would take weeks: a log, a table of metrics."""
    hours, total = _hours(rng), rng.choice(CARDS) * GIB
    memory = together(_base(rng, total * 0.6), leak(total * 10 ** rng.uniform(-8.2, -7)))
    machine = _one_gpu(rng, hours, total, memory)
    machine.ram = together(_quiet_ram(rng), leak(10 ** rng.uniform(3, 5.5)))
    return machine, []


# Leaks.


def leak_shape(rng: Random, rate: float, begin: float) -> Shape:
    """Return a leak that is even, or in steps."""
    if rng.random() < 0.5:
        return leak(rate, begin)
    return step_leak(rng, rate, rng.uniform(20, 300), begin)


def until_full(rng: Random) -> float:
    """Return how long a leak takes, in seconds: 25 min to 16 h."""
    return math.exp(rng.uniform(math.log(1500), math.log(16 * HOUR)))


def gpu_leak(rng: Random) -> Built:
    total = rng.choice(CARDS) * GIB
    takes = until_full(rng)
    size = total * rng.uniform(0.3, 0.8)
    begin = rng.uniform(0, 2 * HOUR) if rng.random() < 0.6 else 0.0
    rate = (total - size) / takes
    memory = together(_base(rng, size), leak_shape(rng, rate, begin), noise(rng, 20 * MIB))
    start = rng.uniform(0, 1800)
    truth = Truth(KIND, "gpu0", start + begin)
    machine = _one_gpu(rng, (start + begin + 3 * takes) / HOUR + 1, total, memory, start=start)
    machine.gpus[0].jobs[0].truth = truth
    return machine, [truth]


def gpu_leak_after_jobs(rng: Random) -> Built:
    """The same after a harmless job, on a GPU whose processes may not be listed."""
    machine, truths = gpu_leak(rng)
    gpu, first = machine.gpus[0], rng.uniform(0.5, 2) * HOUR
    earlier = Job(_base(rng, gpu.total * rng.uniform(0.3, 0.9)), 0, first, _busy(rng), pid=17)
    shift = first + rng.uniform(10, 600) - gpu.jobs[0].start
    gpu.jobs[0].start += shift
    truths[0].onset += shift
    machine.hours += shift / HOUR
    gpu.jobs = [earlier, *gpu.jobs]
    return machine, truths


def _ram_leak(rng: Random) -> tuple[Machine, Truth, Shape, float]:
    total = rng.choice([64.0, 128.0, 256.0, 512.0]) * GIB
    takes, begin = until_full(rng), rng.uniform(0, 2 * HOUR)
    size = total * rng.uniform(0.1, 0.6)
    quiet = together(
        ramp(size * 0.9, rng.uniform(10, 600)),
        wander(rng, total * rng.uniform(0.001, 0.01), rng.uniform(60, 900)),
        spikes(rng, size * 0.1, rng.uniform(600, 3600), 60),
    )
    rate = (total - size) / takes
    shape = together(quiet, leak_shape(rng, rate, begin))
    machine, _ = steady(rng)
    machine.hours = (begin + 3 * takes) / HOUR + 1
    truth = Truth(KIND, "host", begin)
    machine.ram_truth = truth
    alone = rng.random() < 0.6
    machine.disk = _reads(rng, "read_rate") if alone else beside(rng, rate, begin)
    return machine, truth, shape, total


def ram_leak(rng: Random) -> Built:
    machine, truth, shape, total = _ram_leak(rng)
    machine.ram, machine.ram_total = shape, total
    return machine, [truth]


def cgroup_leak(rng: Random) -> Built:
    machine, truth, shape, limit = _ram_leak(rng)
    machine.cgroup = shape, limit
    machine.ram_total = limit * 4
    machine.ram = flat(limit * 0.5)
    return machine, [truth]


HARMLESS = (
    *(steady, warm_up, epoch_sawtooth, validation, saturating, approach, dataset, jobs, others),
    *(shared_ram, near_limit, small_creep),
)
TROUBLE = (gpu_leak, gpu_leak, gpu_leak_after_jobs, ram_leak, ram_leak, cgroup_leak)
