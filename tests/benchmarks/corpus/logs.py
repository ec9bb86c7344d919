"""Real recordings of ``nvidia-smi``: one CSV file for each GPU, one host for each run."""

import csv
import gzip
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from pathlib import Path

from telemetry.catalogue import gpu_channel, processes_channel
from telemetry.samples import Sample

MEBIBYTE = 2**20
CONTEXT = 1000  # MiB: with less in use, no process of the run is there
_JITTER = 1.0  # seconds by which a reading may be early
_NAME = re.compile(r"\d+-(?P<run>.*)-gpu(?P<gpu>\d+)\.csv\.gz")


def recordings(folder: Path) -> Iterator[tuple[str, float, list[Sample]]]:
    """Yield the name, the GPU-hours and the samples of each run in ``folder``.

    The GPUs of one run are on one host, whose driver lists a process on each that has memory in
    use. The files of a run are numbered one after the other.
    """
    runs: list[tuple[str, dict[int, Path]]] = []
    for file in sorted(folder.glob("*.csv.gz")):
        match = _NAME.fullmatch(file.name)
        run, gpu = (match["run"], int(match["gpu"])) if match else (file.name, 0)
        if not runs or runs[-1][0] != run or gpu in runs[-1][1]:
            runs.append((run, {}))
        runs[-1][1][gpu] = file
    for name, files in runs:
        gpus = [list(_samples(file, gpu, name)) for gpu, file in files.items()]
        gpus = [samples for samples in gpus if samples]
        hours = sum((each[-1].timestamp - each[0].timestamp) / 3.6e6 for each in gpus)
        if gpus:
            yield name, hours, list(merge(*gpus, key=lambda sample: sample.timestamp))


def thinned(samples: Sequence[Sample], seconds: float) -> Iterator[Sample]:
    """Yield the samples of GPUs about every ``seconds``, and all others.

    As an energy counter would, the readings that are left out count in ``power_average``.
    """
    counters: dict[str, _Counter] = {}
    for sample in samples:
        power, time = sample.values.get("power"), sample.timestamp / 1000
        if not isinstance(power, float):
            yield sample
            continue
        counter = counters.setdefault(sample.channel, _Counter(time, power))
        counter.joules += (time - counter.time) * (power + counter.power) / 2
        counter.time, counter.power = time, power
        step = time - counter.yielded
        if step >= seconds - _JITTER:
            mean = None if math.isinf(step) else counter.joules / step
            yield replace(sample, values={**sample.values, "power_average": mean})
            counter.yielded, counter.joules = time, 0.0


@dataclass(slots=True)
class _Counter:
    time: float
    power: float
    yielded: float = -math.inf
    joules: float = 0.0  # since then


def _samples(file: Path, gpu: int, run: str) -> Iterator[Sample]:
    with gzip.open(file, "rt") as lines:
        for row in csv.DictReader(lines):
            sample = _sample(row, gpu, run)
            yield sample
            used = _number(row["memory_used_mib"]) or 0.0
            process = {"pid": gpu + 1, "command": run, "memory_used": used * MEBIBYTE, "started": 1}
            processes = [process] if used >= CONTEXT else []
            yield Sample(processes_channel(gpu), run, sample.timestamp, {"processes": processes})


def _sample(row: dict[str, str], gpu: int, run: str) -> Sample:
    used, total = _number(row["memory_used_mib"]), _number(row["memory_total_mib"])
    values = {
        "utilization": _number(row["utilization_percent"]),
        "memory_used": None if used is None else used * MEBIBYTE,
        "memory_total": None if total is None else total * MEBIBYTE,
        "temperature": _number(row["temperature_c"]),
        "power": _number(row["power_w"]),
        "sm_clock": _number(row["sm_clock_mhz"]),
        "throttle_reasons": row["throttle"].split(";") if row["throttle"] else None,
    }
    timestamp = int(float(row["epoch_seconds"]) * 1000)
    return Sample(gpu_channel(gpu), run, timestamp, values)


def _number(text: str) -> float | None:
    return float(text) if text else None
