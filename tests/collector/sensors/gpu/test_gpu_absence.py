"""No driver, or one that does not work: each cause is reported in a sentence with advice."""

import os
import subprocess
import sys
from pathlib import Path

import pynvml
import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.errors import SensorAbsentError
from tests.collector.sensors.gpu.gpus import missing, read_gpu, read_gpus
from tests.fakes.nvml import FakeNvml

NO_PERMISSION, DRIVER_NOT_LOADED, FUNCTION_NOT_FOUND, VERSION_MISMATCH = 4, 9, 13, 18
UNKNOWN = 999
ABSENCES = {
    NO_PERMISSION: "The NVIDIA driver denies access to this user: allow reading and writing /d",
    DRIVER_NOT_LOADED: "The NVIDIA driver is installed but not running: load its kernel module",
    FUNCTION_NOT_FOUND: "The NVIDIA driver is too old for System Monitor: update the driver.",
    VERSION_MISMATCH: "The NVIDIA driver was updated and the running kernel module is older: reb",
    UNKNOWN: "The NVIDIA driver does not work (Unknown Error): run `nvidia-smi`",
}


@pytest.mark.parametrize("error", ABSENCES)
def test_a_driver_that_does_not_work_is_explained_and_found_once_it_does(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, error: int
) -> None:
    fake_nvml.fail(error)
    with pytest.raises(SensorAbsentError) as absence:
        gpu_sensor.open()
    sentence = str(absence.value)
    assert sentence.startswith(ABSENCES[error])
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert gpu_sensor.details == {}
    fake_nvml.recover()
    gpu_sensor.open()
    assert not missing(read_gpu(gpu_sensor))


@pytest.mark.parametrize("function", ["*", "nvmlDeviceGetUtilizationRates"])
def test_a_driver_that_goes_while_gpus_are_read_is_an_absence_and_may_come_back(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, function: str
) -> None:
    gpu_sensor.open()
    fake_nvml.fail(DRIVER_NOT_LOADED, function)
    with pytest.raises(SensorAbsentError, match="installed but not running"):
        read_gpus(gpu_sensor)
    gpu_sensor.close()
    assert gpu_sensor.details == {}
    fake_nvml.recover(function)
    gpu_sensor.open()
    assert not missing(read_gpu(gpu_sensor))


def test_other_code_may_shut_nvml_down(gpu_sensor: GpuSensor) -> None:
    gpu_sensor.open()
    pynvml.nvmlShutdown()
    with pytest.raises(SensorAbsentError, match="was shut down"):
        read_gpus(gpu_sensor)
    gpu_sensor.close()
    gpu_sensor.open()
    assert not missing(read_gpu(gpu_sensor))


def test_closing_does_not_shut_nvml_down_for_other_code(gpu_sensor: GpuSensor) -> None:
    pynvml.nvmlInit()
    gpu_sensor.open()
    gpu_sensor.close()
    gpu_sensor.close()
    assert pynvml.nvmlDeviceGetCount() == 1


def test_a_sensor_that_is_not_open_cannot_be_read() -> None:
    with pytest.raises(RuntimeError, match="not been opened"):
        list(GpuSensor().read())


OPEN = """
from collector.sensors.gpu.sensor import GpuSensor
from telemetry.errors import SensorAbsentError, SensorFailedError
try:
    GpuSensor().open()
except SensorAbsentError as absence:
    print(absence)
"""


def absence_in_a_child(folder: Path) -> str:
    """Return why there is no GPU where the dynamic linker looks into ``folder`` first."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", OPEN], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are found otherwise elsewhere")
def test_a_machine_without_the_library_is_explained(tmp_path: Path) -> None:
    sentence = absence_in_a_child(tmp_path)
    if not sentence or "not found" not in sentence:
        pytest.skip("this machine has the library")
    assert sentence == (
        "The NVIDIA driver library (libnvidia-ml.so.1) was not found: this machine has no NVIDIA"
        " driver installed, or this container was started without its GPUs"
        " (start it with `docker run --gpus all`)."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are found otherwise elsewhere")
def test_a_damaged_library_is_explained(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"no library" * 1000)
    sentence = absence_in_a_child(tmp_path)
    assert sentence.startswith("The NVIDIA driver library cannot be loaded (")
    assert sentence.endswith("): reinstall the driver.")
