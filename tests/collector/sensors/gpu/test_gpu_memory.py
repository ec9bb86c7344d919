"""GPUs that have no memory of their own and use the system's."""

import psutil
import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.gpu.gpus import FUNCTIONS, read_gpu, read_processes
from tests.fakes.nvml import FakeNvml

NO_PERMISSION, NOT_SUPPORTED = 4, 3
MEMORY = FUNCTIONS["memory_used memory_total memory_kind"]
MEBIBYTE = 1024 * 1024


def make_unified(fake_nvml: FakeNvml, how: str) -> None:
    if how == "zeros":
        fake_nvml.set_readings(memory_total=0, memory_used=0, memory_reserved=0)
    else:
        for function in MEMORY:
            fake_nvml.fail(NOT_SUPPORTED, function)


@pytest.mark.parametrize("how", ["not supported", "zeros"])
def test_a_gpu_without_memory_of_its_own_shows_the_systems(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, how: str
) -> None:
    make_unified(fake_nvml, how)
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    system = psutil.virtual_memory()
    assert values["memory_kind"] == "unified"
    assert values["memory_total"] == system.total
    assert abs(values["memory_used"] - (system.total - system.available)) < 512 * MEBIBYTE


@pytest.mark.parametrize("how", ["not supported", "zeros"])
def test_the_processes_of_a_gpu_without_memory_of_its_own_still_report_theirs(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, how: str
) -> None:
    make_unified(fake_nvml, how)
    fake_nvml.set_readings(processes=f"7:compute:{63_931 * MEBIBYTE}")
    gpu_sensor.open()
    (process,) = read_processes(gpu_sensor)["processes"]
    assert process["memory_used"] == 63_931 * MEBIBYTE


def test_a_gpu_whose_memory_may_not_be_read_is_not_taken_for_one_that_has_none(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    for function in MEMORY:
        fake_nvml.fail(NO_PERMISSION, function)
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    assert [values[name] for name in ("memory_used", "memory_total", "memory_kind")] == [None] * 3
