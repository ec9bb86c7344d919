"""Machines that are in trouble themselves, or only busy."""

import math
from random import Random
from typing import Any

from tests.benchmarks.corpus.jobs import HOUR, Job, Truth
from tests.benchmarks.corpus.machine import Extra, Gpu, Machine
from tests.benchmarks.corpus.shapes import GIB, Shape, flat, together, wander

KIND = "host_pressure"
Built = tuple[Machine, list[Truth]]


def _machine(rng: Random, hours: float = 0.0) -> Machine:
    use = rng.uniform(60, 99)
    gpu = Gpu([Job(flat(30 * GIB), utilization=flat(use))])
    ram = together(flat(rng.uniform(40, 400) * GIB), wander(rng, 3 * GIB, 900))
    return Machine(rng, hours or rng.choice([3.0, 6.0, 12.0]), [gpu], ram)


def _times(rng: Random, least: float = 900.0) -> tuple[float, float]:
    begin = rng.uniform(0.2, 1.5) * HOUR
    return begin, begin + rng.uniform(least, 1.2 * HOUR)


# Harmless.


def busy(rng: Random) -> Built:
    """Everything works: cores, cache, and reclaim that delays some task now and then."""
    machine = _machine(rng)
    some = rng.uniform(1, 30)
    machine.cpu = lambda _time: {"utilization": 99.0, "per_core": [99.0] * 8, "pressure_some": 60.0}
    machine.memory = lambda _time: {
        "pressure_some": min(100.0, rng.expovariate(1 / some)),
        "pressure_full": min(100.0, rng.expovariate(1 / min(some / 5, 3))),
    }
    return machine, []


def pressure_spikes(rng: Random) -> Built:
    """A job starts and pushes the cache out."""
    machine = _machine(rng)
    every, length, full = rng.uniform(300, 3600), rng.uniform(5, 60), rng.uniform(20, 90)

    def values(time: float) -> dict[str, Any]:
        high = time % every < length
        return {"pressure_some": full if high else 0.2, "pressure_full": full if high else 0.1}

    machine.memory = values
    return machine, []


def swapped_once(rng: Random) -> Built:
    """Idle pages go out at one time, and some come back at another."""
    machine = _machine(rng)
    out, back = rng.uniform(0.1, 1) * HOUR, rng.uniform(1.3, 2.5) * HOUR
    length, rate = rng.uniform(30, 900), 10 ** rng.uniform(0.3, 2.3)

    def values(time: float) -> dict[str, Any]:
        away, home = out <= time < out + length, back <= time < back + length / 3
        return {
            "swap_out_rate": rate if away else 0.0,
            "swap_in_rate": rate if home else rng.choice([0.0, 0.0, 0.1]),
            "pressure_some": rng.uniform(1, 15) if away or home else 0.0,
        }

    machine.memory = values
    return machine, []


def compressed_swap(rng: Random) -> Built:
    """Swap in compressed memory (zram), all the time, which hardly delays anything."""
    machine = _machine(rng)
    rate = 10 ** rng.uniform(0, 1.7)
    machine.memory = lambda _time: {
        "swap_out_rate": rate * rng.uniform(0.3, 1.7),
        "swap_in_rate": rate * rng.uniform(0.3, 1.7),
        "pressure_some": rng.uniform(0, 4),
        "pressure_full": rng.uniform(0, 2),
    }
    return machine, []


def old_kills(rng: Random) -> Built:
    """Processes that were killed before, and a counter that a reboot sets back."""
    machine = _machine(rng)
    number, at = rng.randint(1, 40), rng.uniform(0.5, 2.5) * HOUR
    machine.memory = lambda time: {"oom_kills": number if time < at else 0}
    machine.gaps.append((at, at + 300))
    return machine, []


def _disk(rng: Random, machine: Machine, used: Shape, size: float) -> None:
    """Give the machine a file system of ``size`` bytes with ``used`` in use, and a quiet root."""
    root = rng.uniform(20, 80) * GIB

    def values(time: float) -> dict[str, Any]:
        data = {"used": round(min(used(time), size)), "total": round(size)}
        quiet = {"used": round(root + rng.uniform(0, 0.2) * GIB), "total": 200 * GIB}
        rates = {"read_rate": rng.uniform(0, 300), "write_rate": rng.uniform(0, 100)}
        return {**rates, "filesystems": {"/": quiet, "/data": data}}

    machine.disk = values


def _size(rng: Random) -> float:
    return float(rng.choice([0.25, 0.5, 1, 2, 4, 8, 16, 30]) * 1000 * GIB)


def checkpoints(rng: Random) -> Built:
    """Checkpoints that replace each other."""
    machine, size = _machine(rng), _size(rng)
    base, kept = size * rng.uniform(0.5, 0.88), rng.randint(1, 6)
    each, every = size * 0.09 / kept * rng.uniform(0.2, 1), rng.uniform(120, 5400)

    def used(time: float) -> float:
        return base + each * (min(time // every, kept) + min(1.0, time % every / 60))

    _disk(rng, machine, used, size)
    return machine, []


def nearly_full(rng: Random) -> Built:
    """As it has been for months; logs come and go."""
    machine, size = _machine(rng), _size(rng)
    level = 1 - max(rng.uniform(0.015, 0.12), 16e9 / size)
    _disk(rng, machine, together(flat(size * level), wander(rng, size * 0.001, 3600)), size)
    return machine, []


def download(rng: Random) -> Built:
    """A dataset that is written, and fits."""
    machine, size = _machine(rng), _size(rng)
    base = size * rng.uniform(0.1, 0.7)
    more = (size * rng.uniform(0.3, 0.92) - base) if rng.random() < 0.8 else size * 0.05
    begin, seconds = rng.uniform(0, 1) * HOUR, rng.uniform(300, 5400)
    more = max(more, size * 0.02)
    _disk(
        rng,
        machine,
        lambda time: base + more * min(1.0, max(0.0, time - begin) / seconds),
        size,
    )
    return machine, []


def growing_slowly(rng: Random) -> Built:
    """A file system that would take months to fill up."""
    machine, size = _machine(rng, 24.0), _size(rng)
    base, rate = size * rng.uniform(0.3, 0.9), size * 10 ** rng.uniform(-9.5, -8.3)
    _disk(rng, machine, lambda time: base + rate * time, size)
    return machine, []


def network_blips(rng: Random) -> Built:
    """The network fails for some seconds now and then, and the collector comes back."""
    machine = _machine(rng)
    machine.neighbours = rng.choice([1, 1, 5])
    for _ in range(rng.randint(1, 6)):
        begin = rng.uniform(0, machine.hours) * HOUR
        machine.silent.append((begin, begin + rng.uniform(2, 80)))
    return machine, []


def clocks_apart(rng: Random) -> Built:
    """Clocks that differ by some seconds, and are corrected now and then."""
    machine = _machine(rng)
    machine.neighbours = rng.choice([2, 2, 5])
    offset, every = rng.uniform(-80, 80), rng.uniform(1200, 7200)
    machine.clock = lambda time: offset * ((time // every) % 3) / 2
    return machine, []


def reboots(rng: Random) -> Built:
    """A machine that is restarted for an update; its collector stops cleanly, and is soon back."""
    machine = _machine(rng)
    machine.neighbours = 1
    begin = rng.uniform(0.3, 2) * HOUR
    machine.silent.append((begin, begin + rng.uniform(20, 100)))
    machine.stopped = True
    return machine, []


# Trouble.


def _while(begin: float, end: float, values: Extra) -> Extra:
    return lambda time: values(time) if begin <= time < end else {}


def waiting_for_memory(rng: Random) -> Built:
    machine = _machine(rng)
    begin, end = _times(rng)
    full = rng.uniform(18, 90)
    machine.memory = _while(
        begin,
        end,
        lambda _time: {
            "pressure_some": min(100.0, full * 1.2),
            "pressure_full": min(100.0, max(0.0, rng.gauss(full, full / 4))),
        },
    )
    return machine, [Truth(KIND, "memory", begin, end)]


def thrashing(rng: Random) -> Built:
    """It swaps all the time; older kernels have no pressure information."""
    machine = _machine(rng)
    begin, end = _times(rng)
    rate, some = 10 ** rng.uniform(0.5, 2.5), rng.choice([None, rng.uniform(10, 60)])

    def values(_time: float) -> dict[str, Any]:
        in_and_out = rate * rng.uniform(0.4, 1.6), rate * rng.uniform(0.4, 1.6)
        swap = {"swap_in_rate": in_and_out[0], "swap_out_rate": in_and_out[1]}
        return {**swap, "pressure_some": some, "pressure_full": some and some / 20}

    machine.memory = _while(begin, end, values)
    if some is None:
        inner = machine.memory
        nothing = {"pressure_some": None, "pressure_full": None}
        machine.memory = lambda time: {**nothing, **inner(time)}
    return machine, [Truth(KIND, "memory", begin, end)]


def killed(rng: Random) -> Built:
    machine = _machine(rng)
    begin, before, number = rng.uniform(0.2, 2) * HOUR, rng.randint(0, 9), rng.randint(1, 4)
    machine.memory = lambda time: {"oom_kills": before + (number if time >= begin else 0)}
    return machine, [Truth(KIND, "oom", begin, begin + 900)]


def filling(rng: Random) -> Built:
    """Logs, or checkpoints that are never deleted, until no space is left."""
    size = _size(rng)
    base, takes = rng.uniform(0.3, 0.9), math.exp(rng.uniform(math.log(1.0), math.log(30.0))) * HOUR
    begin = rng.uniform(0, 2) * HOUR
    every = rng.choice([0.0, rng.uniform(60, takes / 40)])
    rate = size * (1 - base) / takes

    def used(time: float) -> float:
        grown = max(0.0, time - begin)
        steps = grown // every * every if every else grown
        return size * base + rate * steps if grown < takes * 1.02 else size * base

    machine = _machine(rng, (begin + 1.1 * takes) / HOUR + 1)
    _disk(rng, machine, together(used, wander(rng, size * 0.0005, 600)), size)
    return machine, [Truth(KIND, "filesystem-data", begin, begin + takes)]


def silent(rng: Random) -> Built:
    machine = _machine(rng)
    machine.neighbours = rng.choice([1, 5])
    begin, end = _times(rng, least=600)
    machine.silent.append((begin, end))
    machine.stopped = rng.random() < 0.3
    return machine, [Truth(KIND, "collector", begin - 60, end)]


def wrong_clock(rng: Random) -> Built:
    machine = _machine(rng)
    machine.neighbours = rng.choice([2, 5])
    begin = rng.uniform(0.3, 1.5) * HOUR
    off = rng.choice([-1, 1]) * 10 ** rng.uniform(2.3, 4.2)
    machine.clock = lambda time: off if time >= begin else 0.0
    return machine, [Truth(KIND, "clock", begin + min(0.0, off), begin + max(0.0, off) + 1800)]


HARMLESS = (
    *(busy, pressure_spikes, swapped_once, compressed_swap, old_kills, checkpoints, nearly_full),
    *(download, growing_slowly, network_blips, clocks_apart, reboots),
)
TROUBLE = (waiting_for_memory, thrashing, killed, filling, silent, wrong_clock)
