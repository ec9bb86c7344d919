"""Memory in use over time: shapes to be added up. Each takes seconds since its job began."""

import math
from collections.abc import Callable
from random import Random

Shape = Callable[[float], float]
"""Bytes at a time, asked for in increasing order."""

MIB = 2**20
GIB = 2**30


def together(*shapes: Shape) -> Shape:
    """Return the sum of ``shapes``."""
    return lambda time: sum(shape(time) for shape in shapes)


def flat(size: float) -> Shape:
    return lambda _time: size


def ramp(size: float, seconds: float, steps: int = 0) -> Shape:
    """Return a warm-up or a dataset that is read: linear, or in ``steps`` equal ones."""

    def shape(time: float) -> float:
        share = min(1.0, time / seconds)
        return size * (math.floor(share * steps) / steps if steps else share)

    return shape


def sawtooth(rng: Random, amplitude: float, period: float) -> Shape:
    """Return memory that grows in each epoch, and is given back at its end."""
    uneven = rng.uniform(0.7, 1.5)  # more than linear, or less
    return lambda time: float(amplitude * ((time % period) / period) ** uneven)


def spikes(rng: Random, amplitude: float, every: float, length: float) -> Shape:
    """Return validations that need more memory for a while."""
    sizes: dict[int, float] = {}

    def shape(time: float) -> float:
        number, phase = divmod(time, every)
        if phase < every - length:
            return 0.0
        return sizes.setdefault(int(number), amplitude * rng.uniform(0.6, 1.0))

    return shape


def allocator(rng: Random, largest: float, steps_per_second: float = 2.0) -> Shape:
    """Return a caching allocator: the largest of all batches so far, in blocks of 2 MiB."""
    state = [0.0, 0.0]  # the time up to which batches were drawn, and the largest of them

    def shape(time: float) -> float:
        drawn = max(1.0, (time - state[0]) * steps_per_second)
        batch = largest * (1 - 0.6 * rng.random() ** (drawn / 40))
        state[0], state[1] = time, max(state[1], batch)
        return math.ceil(state[1] / (2 * MIB)) * 2 * MIB

    return shape


def noise(rng: Random, size: float) -> Shape:
    return lambda _time: rng.gauss(0.0, size)


def wander(rng: Random, size: float, seconds: float) -> Shape:
    """Return the drift around a mean of what others use (Ornstein-Uhlenbeck)."""
    state = [0.0, rng.gauss(0.0, size)]

    def shape(time: float) -> float:
        stay = math.exp(-max(0.0, time - state[0]) / seconds)
        state[1] = state[1] * stay + rng.gauss(0.0, size) * math.sqrt(1 - stay * stay)
        state[0] = time
        return state[1]

    return shape


def tide(size: float, period: float, phase: float) -> Shape:
    """Return more by day than by night."""
    return lambda time: size * (1 + math.sin(2 * math.pi * (time / period + phase))) / 2


def users(rng: Random, size: float, every: float, most: int) -> Shape:
    """Return memory that others allocate now and then, and keep."""
    steps = sorted(rng.uniform(0, every * most) for _ in range(rng.randint(1, most)))
    sizes = [size * rng.uniform(0.3, 1.0) for _ in steps]
    return lambda time: sum(s for at, s in zip(steps, sizes, strict=True) if at <= time)


def leak(rate: float, begin: float = 0.0) -> Shape:
    """Return a leak of ``rate`` bytes per second, for ever."""
    return lambda time: rate * max(0.0, time - begin)


def step_leak(rng: Random, rate: float, every: float, begin: float = 0.0) -> Shape:
    """Return the same in uneven steps, about ``every`` seconds: an allocator's blocks."""
    state = [begin, 0.0]  # when the next step is due, and what has leaked

    def shape(time: float) -> float:
        while time >= state[0]:
            pause = every * rng.uniform(0.5, 1.5)
            state[0] += pause
            state[1] += rate * every * rng.uniform(0.5, 1.5)
        return state[1]

    return shape
