"""The sensor beside ``nvidia-smi`` on a machine that has an NVIDIA GPU.

It reads in a child process: in this one the tests may have loaded the stand-in for the library.
"""

import csv
import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

MEBIBYTE = 1024 * 1024

SENSOR = """
import json
from collector.sensors.gpu import GpuSensor
sensor = GpuSensor()
sensor.open()
readings = [dict(reading.values) for reading in sensor.read()]
print(json.dumps({"readings": readings, "details": dict(sensor.details)}))
"""

# What nvidia-smi calls our fields, its unit in ours, and how far apart two moments may be.
NUMBERS = {
    "utilization": ("utilization.gpu", 1, 25),
    "memory_utilization": ("utilization.memory", 1, 25),
    "memory_used": ("memory.used", MEBIBYTE, 256 * MEBIBYTE),
    "memory_total": ("memory.total", MEBIBYTE, MEBIBYTE),
    "temperature": ("temperature.gpu", 1, 5),
    "power": ("power.draw", 1, 100),
    "power_limit": ("enforced.power.limit", 1, 0.01),
}
# An idle GPU wakes up when it is asked, so that its clocks have only their limit in common.
CLOCKS = {"sm_clock": "clocks.max.sm", "memory_clock": "clocks.max.memory"}
TEXTS = ("driver_version", "name", "uuid")


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def nvidia_smi() -> list[dict[str, str]]:
    """Return what nvidia-smi says of each GPU, by its own names."""
    names = [*TEXTS, *(name for name, _, _ in NUMBERS.values()), *CLOCKS.values()]
    query = f"--query-gpu={','.join(names)}"
    table = output_of("nvidia-smi", query, "--format=csv,noheader,nounits")
    rows = csv.reader(table.splitlines(), skipinitialspace=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.gpu
def test_the_readings_agree_with_nvidia_smi() -> None:
    if shutil.which("nvidia-smi") is None:
        pytest.skip("there is no nvidia-smi")
    try:
        theirs = nvidia_smi()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nvidia-smi finds no GPU: {error.stdout.strip()}")
    ours: dict[str, Any] = json.loads(output_of(sys.executable, "-c", SENSOR))
    assert len(ours["readings"]) == len(theirs) > 0
    for reading, row in zip(ours["readings"], theirs, strict=True):
        for text in TEXTS:
            assert (ours["details"] | reading)[text] == row[text]
        for field, (name, unit, tolerance) in NUMBERS.items():
            expected = None  # where there is [N/A], [Not Supported], …
            if not row[name].startswith("["):
                expected = pytest.approx(float(row[name]) * unit, abs=tolerance)
            assert reading[field] == expected, (field, reading, row)
        for field, limit in CLOCKS.items():
            if not row[limit].startswith("["):
                assert 0 < reading[field] <= float(row[limit]), (field, reading, row)
