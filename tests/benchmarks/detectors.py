"""The cost of the detectors: ``python -m tests.benchmarks.detectors [--gpus 8] [--hours 6]``.

Feeds the samples of one busy host, every 2 s, and prints the CPU time of a sample, with each kind
and with all, and the memory of the host after that time.
"""

import argparse
import time
import tracemalloc
from collections.abc import Iterator
from random import Random
from typing import Any

from advisor.analysis import Analysis
from advisor.detectors import registry
from telemetry.catalogue import (
    CPU,
    DISK,
    GPU,
    MEMORY,
    NETWORK,
    Family,
    gpu_channel,
    processes_channel,
)
from telemetry.catalogue.thresholds import THRESHOLDS
from telemetry.samples import Sample

INTERVAL = 2_000  # ms
CORES = 64
START = 1_767_225_600_000


def _example(family: Family) -> dict[str, Any]:
    return {field.name: field.example for field in family.fields}


def samples(gpus: int, hours: float) -> Iterator[Sample]:
    """Yield the samples of a host on which one run uses all GPUs."""
    rng = Random(1)  # noqa: S311 - noise, not a secret
    gpu, memory, cpu = _example(GPU), _example(MEMORY), _example(CPU)
    process = {"name": "python3", "command": "python3 train.py", "user": "ada", "started": START}
    for at in range(START, START + round(hours * 3_600_000), INTERVAL):
        for each in range(gpus):
            use, used = rng.uniform(60, 100), 6_000_000_000 + rng.randrange(10**8)
            varying = {"utilization": use, "power": 4 * use, "memory_used": used}
            yield Sample(gpu_channel(each), "h", at, gpu | varying)
            listed = [process | {"pid": 100 + each, "memory_used": used}]
            yield Sample(processes_channel(each), "h", at, {"processes": listed})
        cores = [rng.uniform(0, 100) for _ in range(CORES)]
        yield Sample(CPU.channel, "h", at, cpu | {"per_core": cores})
        used = memory["ram_used"] - rng.randrange(10**9)
        yield Sample(MEMORY.channel, "h", at, memory | {"ram_used": used})
        yield Sample(DISK.channel, "h", at, _example(DISK))
        yield Sample(NETWORK.channel, "h", at, _example(NETWORK))


def microseconds(gpus: int, hours: float, kinds: set[str]) -> float:
    """Return the CPU time of a sample with the detectors of ``kinds``."""
    disabled = THRESHOLDS.keys() - kinds
    analysis = Analysis(lambda: registry.build(disabled))
    number, spent = 0, 0.0
    batch: list[Sample] = []
    for sample in samples(gpus, hours):
        batch.append(sample)
        if len(batch) < 1000:
            continue
        before = time.process_time()
        for each in batch:
            for _ in analysis.feed(each):
                pass
        spent += time.process_time() - before
        number += len(batch)
        batch.clear()
    return spent / number * 1e6


def kibibytes(gpus: int, hours: float) -> float:
    """Return the memory that all detectors need for one host."""
    tracemalloc.start()
    analysis = Analysis(registry.build)
    before, _ = tracemalloc.get_traced_memory()
    for sample in samples(gpus, hours):
        for _ in analysis.feed(sample):
            pass
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / 1024


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--hours", type=float, default=2.0)
    options = parser.parse_args()
    print("| kinds | a sample |\n| --- | --- |")
    nothing = microseconds(options.gpus, options.hours, set())
    print(f"| none | {nothing:.1f} µs |")
    for kind in THRESHOLDS:
        print(
            f"| `{kind}` | {microseconds(options.gpus, options.hours, {kind}) - nothing:.1f} µs |"
        )
    print(f"| all | {microseconds(options.gpus, options.hours, set(THRESHOLDS)):.1f} µs |")
    print(f"\n{kibibytes(options.gpus, options.hours / 4):.0f} KiB for a host")


if __name__ == "__main__":
    main()
