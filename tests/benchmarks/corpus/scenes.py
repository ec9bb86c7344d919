"""Every kind of machine in the corpus, a third of them with trouble."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from tests.benchmarks.corpus import (
    gpu_scenes,
    hardware_scenes,
    host_scenes,
    input_scenes,
    memory_scenes,
    run_scenes,
    tree_scenes,
)
from tests.benchmarks.corpus.jobs import EPOCH, Truth
from tests.benchmarks.corpus.machine import Content, Machine

SCENES: tuple[Callable[[Random], tuple[Machine, list[Truth]]], ...] = (
    *memory_scenes.HARMLESS,
    *memory_scenes.TROUBLE,
    *gpu_scenes.HARMLESS,
    *gpu_scenes.TROUBLE,
    *hardware_scenes.HARMLESS,
    *hardware_scenes.TROUBLE,
    *host_scenes.HARMLESS,
    *host_scenes.TROUBLE,
    *run_scenes.HARMLESS,
    *run_scenes.TROUBLE,
    *input_scenes.HARMLESS,
    *input_scenes.TROUBLE,
    *tree_scenes.HARMLESS,
    *tree_scenes.TROUBLE,
)
AFTERWARDS = 1800.0  # seconds that a recording goes on after the last trouble


class Scene(NamedTuple):
    """One generated recording. ``truths`` are complete once ``contents`` have been read."""

    seed: int
    name: str
    hours: float
    truths: list[Truth]
    contents: Iterator[Content]


def scene(seed: int) -> Scene:
    """Return the recording with ``seed``; two neighbours are the same kind of machine."""
    build = SCENES[seed // 2 % len(SCENES)]
    machine, truths = build(Random(seed))  # noqa: S311 - to be repeated, not to be secret
    return Scene(seed, build.__name__, machine.hours, truths, _until_over(machine, truths))


def _until_over(machine: Machine, truths: list[Truth]) -> Iterator[Content]:
    for content in machine.contents():
        yield content
        seconds = (content.timestamp - EPOCH) / 1000
        if truths and all(seconds > truth.end + AFTERWARDS for truth in truths):
            return
