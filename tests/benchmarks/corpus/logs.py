"""Real recordings of ``nvidia-smi``, one CSV file for each GPU."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from telemetry.samples import Sample

MEBIBYTE = 2**20


def recordings(folder: Path) -> Iterator[tuple[str, float, list[Sample]]]:
    """Yield the name, the hours and the samples of each file ``*.csv.gz`` in ``folder``."""
    for file in sorted(folder.glob("*.csv.gz")):
        with gzip.open(file, "rt") as lines:
            samples = [_sample(row) for row in csv.DictReader(lines)]
        if samples:
            yield file.name, (samples[-1].timestamp - samples[0].timestamp) / 3.6e6, samples


def _sample(row: dict[str, str]) -> Sample:
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
    return Sample("system/gpu/0", "recorded", int(float(row["epoch_seconds"]) * 1000), values)


def _number(text: str) -> float | None:
    return float(text) if text else None
