"""The sensor compared with ``nvidia-smi`` on a machine with an NVIDIA GPU.

It reads in a child process: in this one the tests may have loaded the stand-in for the library.
``python -m tests.benchmarks.gpu_hardware`` writes what is compared here into a table, under load.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.collector.sensors.gpu import nvidia_smi

SENSOR = """
import json, time
from collector.sensors.gpu.sensor import GpuSensor
from telemetry.catalogue import GPU, family_of
sensor = GpuSensor()
sensor.open()
list(sensor.read())
time.sleep(1)
readings = [reading for reading in sensor.read()]
gpus = [dict(reading.values) for reading in readings if family_of(reading.channel) is GPU]
print(json.dumps({"gpus": gpus, "details": dict(sensor.details)}))
"""


@pytest.mark.gpu
def test_the_readings_agree_with_nvidia_smi() -> None:
    if shutil.which("nvidia-smi") is None:
        pytest.skip("nvidia-smi is not on PATH")
    try:
        theirs = nvidia_smi.query()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nvidia-smi finds no GPU: {error.stdout.strip()}")
    child = subprocess.run(
        [sys.executable, "-c", SENSOR], check=True, capture_output=True, text=True, timeout=60
    )
    ours: dict[str, Any] = json.loads(child.stdout)
    assert ours["details"]["driver_version"] == nvidia_smi.driver_version()
    assert len(ours["gpus"]) == len(theirs) > 0
    for reading, row in zip(ours["gpus"], theirs, strict=True):
        for compared in nvidia_smi.COMPARED:
            if compared.field in row:
                value = reading[compared.field]
                said = row[compared.field]
                assert nvidia_smi.agrees(compared, value, said.value, reading), (
                    compared,
                    value,
                    said,
                )
