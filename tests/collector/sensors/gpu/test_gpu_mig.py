"""GPUs in MIG mode: the instances beside their GPU."""

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.gpu.gpus import missing, read_gpus
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

NO_PERMISSION, NOT_SUPPORTED, GPU_IS_LOST, UNKNOWN = 4, 3, 15, 999
GIBIBYTE = 1024**3
# Instances 0 and 2; none has the index 1.
TWO = f"7:0:{10 * GIBIBYTE}:{3 * GIBIBYTE} - 2:1:{20 * GIBIBYTE}:{GIBIBYTE}"
SEVEN = " ".join(f"{instance + 7}:0:{10 * GIBIBYTE}:{instance}" for instance in range(7))


def test_each_instance_has_its_own_memory_beside_the_gpus(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(0, mig=TWO)
    gpu_sensor.open()
    gpus, problem, _, mig = read_gpus(gpu_sensor)
    assert problem is None
    assert missing(gpus["0"]) == {"utilization", "memory_utilization"}  # not reported in MIG mode
    assert not missing(gpus["1"])
    assert mig == {
        "0:0": {
            "memory_used": 3 * GIBIBYTE,
            "memory_total": 10 * GIBIBYTE,
            "name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
            "uuid": "MIG-5eed0000-0000-4000-8000-000000000007",
            "gpu_instance": 7,
            "compute_instance": 0,
        },
        "0:2": {
            "memory_used": GIBIBYTE,
            "memory_total": 20 * GIBIBYTE,
            "name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
            "uuid": "MIG-5eed0000-0000-4000-8000-000000000002",
            "gpu_instance": 2,
            "compute_instance": 1,
        },
    }


def test_instances_that_are_created_or_destroyed_are_noticed_within_half_a_minute(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    gpu_sensor.open()
    assert read_gpus(gpu_sensor).mig == {}
    fake_nvml.set_readings(mig=SEVEN)
    clock.advance(30.0)
    assert len(read_gpus(gpu_sensor).mig) == 7
    fake_nvml.set_readings(mig=TWO)
    clock.advance(30.0)
    assert list(read_gpus(gpu_sensor).mig) == ["0:0", "0:2"]


def test_a_process_names_the_instance_that_it_uses(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(mig=TWO, processes="5:compute:10:7 5:compute:20:2 6:compute:-:2")
    gpu_sensor.open()
    listed = read_gpus(gpu_sensor).processes["0"]["processes"]
    assert [(each["pid"], each["gpu_instance"], each["memory_used"]) for each in listed] == [
        (5, 2, 20),
        (5, 7, 10),
        (6, 2, None),
    ]


@pytest.mark.parametrize("error", [NOT_SUPPORTED, NO_PERMISSION])
@pytest.mark.parametrize("function", ["nvmlDeviceGetMigMode", "nvmlDeviceGetMaxMigDeviceCount"])
def test_a_gpu_that_knows_no_mig_mode_has_no_instances_and_no_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, function: str, error: int
) -> None:
    fake_nvml.set_readings(mig=TWO)
    fake_nvml.fail(error, function)
    gpu_sensor.open()
    readings = read_gpus(gpu_sensor)
    assert (readings.problem, readings.mig) == (None, {})


def test_the_instances_of_a_lost_gpu_keep_their_names_and_come_back(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(mig=TWO)
    gpu_sensor.open()
    read_gpus(gpu_sensor)
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    mig = read_gpus(gpu_sensor).mig
    assert [each["memory_used"] for each in mig.values()] == [None, None]
    assert mig["0:0"]["gpu_instance"] == 7
    fake_nvml.recover(gpu=0)
    mig = read_gpus(gpu_sensor).mig
    assert [each["memory_used"] for each in mig.values()] == [3 * GIBIBYTE, GIBIBYTE]


def test_an_instance_whose_memory_cannot_be_read_is_reported(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(name="NVIDIA L4", mig=TWO)
    gpu_sensor.open()
    fake_nvml.fail(UNKNOWN, "nvmlDeviceGetMemoryInfo")
    _, problem, _, mig = read_gpus(gpu_sensor)
    assert problem is not None
    assert problem.startswith("GPU 0 (NVIDIA L4) does not report MIG 0's memory_used, ")
    assert mig["0:0"]["uuid"] is not None
    fake_nvml.recover("nvmlDeviceGetMemoryInfo")
    assert read_gpus(gpu_sensor).mig["0:0"]["memory_used"] == 3 * GIBIBYTE
