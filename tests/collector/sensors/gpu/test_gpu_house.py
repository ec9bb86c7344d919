"""Only one folder uses NVML, and on a machine without GPUs it costs nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import collector

COLLECTOR = Path(collector.__file__).parent
NVML = COLLECTOR / "sensors" / "gpu" / "nvml"
LIST_OF_DRIVERS = COLLECTOR / "sensors" / "gpu" / "drivers.py"

OPEN = """
import sys
from collector.sensors.gpu.sensor import GpuSensor
from telemetry.errors import SensorAbsentError
try:
    GpuSensor().open()
except SensorAbsentError:
    print(*sys.modules)
"""


def test_nothing_outside_its_folder_and_the_list_of_drivers_mentions_nvml() -> None:
    mentions = re.compile("nvml", re.IGNORECASE)
    files = [file for file in COLLECTOR.rglob("*.py") if mentions.search(file.read_text())]
    assert {file for file in files if NVML not in file.parents} == {LIST_OF_DRIVERS}


def test_a_machine_without_a_gpu_loads_neither_the_binding_nor_psutil(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"not a library" * 1000)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", OPEN], env=environment, check=True, capture_output=True, text=True
    )
    assert run.stdout
    assert {"pynvml", "psutil"}.isdisjoint(run.stdout.split())
