"""The GPU sensor in the runner, beside another sensor."""

from collections.abc import Iterator

import pytest

from collector.sensors.gpu import GpuSensor
from telemetry.status import SensorState
from tests.collector.running import Ran
from tests.fakes.nvml import FakeNvml
from tests.fakes.sensors import CountingSensor
from tests.services.processes import wait_until

DRIVER_NOT_LOADED, GPU_IS_LOST = 9, 15


@pytest.fixture
def ran(gpu_sensor: GpuSensor, fake_nvml: FakeNvml) -> Iterator[Ran]:
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(utilization=5, name="NVIDIA L4")
    with Ran(gpu_sensor, CountingSensor(), hanging_seconds=0.1) as ran:
        yield ran


def test_a_call_that_hangs_leaves_the_other_sensors_alone_and_recovers(
    ran: Ran, fake_nvml: FakeNvml
) -> None:
    ran.wait_for_state("gpu", SensorState.OK)
    fake_nvml.delay(0.6, "nvmlDeviceGetPowerUsage", gpu=1)
    ran.wait_for_state("gpu", SensorState.HANGING)
    fake_nvml.delay(0, "nvmlDeviceGetPowerUsage", gpu=1)
    before = len(ran.values("system/cpu"))
    wait_until(lambda: len(ran.values("system/cpu")) >= before + 3, "readings of the CPU")
    report = ran.wait_for_state("gpu", SensorState.OK)
    assert report.reason is None
    assert report.missed_ticks >= 2


def test_a_lost_gpu_is_told_and_its_neighbour_goes_on(ran: Ran, fake_nvml: FakeNvml) -> None:
    ran.wait_for_state("gpu", SensorState.OK)
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    report = ran.wait_for_state("gpu", SensorState.FAILING)
    assert report.reason is not None
    assert report.reason.startswith("GPU 0 (NVIDIA L4) is lost, ")
    assert report.details["driver_version"]
    assert report.duration_ms is not None
    wait_until(lambda: ran.values("system/gpu/0")[-1:] == [None], "a reading without values")
    before = len(ran.values("system/gpu/1"))
    wait_until(lambda: len(ran.values("system/gpu/1")) >= before + 2, "readings of the other GPU")
    assert set(ran.values("system/gpu/1")) == {5}
    fake_nvml.recover(gpu=0)
    report = ran.wait_for_state("gpu", SensorState.OK)
    assert report.description == "2 GPUs: NVIDIA L4 ×2"  # noqa: RUF001


def test_a_driver_that_goes_is_absent_and_comes_back_by_itself(
    ran: Ran, fake_nvml: FakeNvml
) -> None:
    assert ran.wait_for_state("gpu", SensorState.OK).details.keys() == {
        "driver_version",
        "nvml_version",
    }
    fake_nvml.fail(DRIVER_NOT_LOADED)
    report = ran.wait_for_state("gpu", SensorState.ABSENT)
    assert report.reason is not None
    assert report.reason.startswith("The NVIDIA driver is installed but not running")
    assert (report.details, report.description, report.failures) == ({}, None, 0)
    silent = len(ran.values("system/gpu/0"))
    fake_nvml.recover()
    assert ran.wait_for_state("gpu", SensorState.OK).details["nvml_version"]
    wait_until(lambda: len(ran.values("system/gpu/0")) > silent, "readings")
