"""GPUs of several drivers: their ids, and how one driver's failure affects the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sensors.gpu.nvml.driver import NvmlDriver
from collector.sensors.gpu.sensor import GpuSensor
from telemetry.errors import SensorAbsentError, SensorFailedError
from tests.collector.sensors.gpu.gpus import GpuReadings, read_gpus
from tests.collector.sensors.reading import Clock
from tests.fakes.gpu_driver import MemoryDriver
from tests.fakes.nvml import FakeNvml

DRIVER_NOT_LOADED, GPU_IS_LOST = 9, 15


@pytest.fixture
def memory() -> MemoryDriver:
    return MemoryDriver()


@pytest.fixture
def sensor(
    fake_nvml: FakeNvml, memory: MemoryDriver, clock: Clock, own_ids: Path
) -> Iterator[GpuSensor]:
    """Return a sensor over two NVIDIA GPUs and one of the memory driver, not yet opened."""
    fake_nvml.set_gpus(2)
    sensor = GpuSensor(clock, own_ids, drivers=(NvmlDriver, memory))
    yield sensor
    sensor.close()


def vendors(readings: GpuReadings) -> dict[str, object]:
    return {gpu: values["vendor"] for gpu, values in readings.gpus.items()}


def test_the_first_drivers_gpus_come_first_and_each_carries_its_vendor(sensor: GpuSensor) -> None:
    sensor.open()
    readings = read_gpus(sensor)
    assert vendors(readings) == {"0": "nvidia", "1": "nvidia", "2": "memory"}
    assert readings.gpus["2"]["name"] == "Memory GPU A"
    assert readings.gpus["2"]["power"] is None
    assert readings.problem is None
    assert readings.processes.keys() == readings.gpus.keys()
    assert sensor.describe() == "3 GPUs: NVIDIA H100 80GB HBM3 ×2, Memory GPU A"  # noqa: RUF001


def test_details_of_the_same_name_carry_the_second_drivers_vendor(sensor: GpuSensor) -> None:
    sensor.open()
    assert sensor.details["driver_version"] == "570.86.15"
    assert sensor.details["memory_driver_version"] == "1.0"


def test_a_driver_that_is_absent_is_not_a_problem_if_another_has_gpus(
    sensor: GpuSensor, memory: MemoryDriver
) -> None:
    memory.absence = "There is no memory driver."
    sensor.open()
    readings = read_gpus(sensor)
    assert vendors(readings) == {"0": "nvidia", "1": "nvidia"}
    assert readings.problem is None


def test_if_all_drivers_are_absent_the_sensor_is_absent_with_the_sentences_of_all(
    sensor: GpuSensor, memory: MemoryDriver, fake_nvml: FakeNvml
) -> None:
    memory.absence = "There is no memory driver."
    fake_nvml.fail(DRIVER_NOT_LOADED)
    with pytest.raises(SensorAbsentError) as absence:
        sensor.open()
    assert str(absence.value).startswith("The NVIDIA driver is installed but not running: ")
    assert str(absence.value).endswith(" There is no memory driver.")


def test_a_driver_that_appears_later_gets_the_ids_after_those_in_use(
    sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.fail(DRIVER_NOT_LOADED)
    sensor.open()
    assert vendors(read_gpus(sensor)) == {"0": "memory"}
    fake_nvml.recover()
    clock.advance(29.0)
    assert vendors(read_gpus(sensor)) == {"0": "memory"}
    clock.advance(1.0)
    assert vendors(read_gpus(sensor)) == {"0": "memory", "1": "nvidia", "2": "nvidia"}


def test_a_gpu_that_is_added_takes_no_id_of_another_driver(
    sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    sensor.open()
    fake_nvml.set_gpus(3)
    before = {"0": "nvidia", "1": "nvidia", "2": "memory"}
    assert vendors(read_gpus(sensor)) == before | {"3": "nvidia"}
    fake_nvml.set_gpus(1)
    assert vendors(read_gpus(sensor)) == {"0": "nvidia", "2": "memory"}
    fake_nvml.set_gpus(2)
    assert vendors(read_gpus(sensor)) == before


@pytest.mark.parametrize("function", ["*", "nvmlDeviceGetUtilizationRates"])
def test_a_driver_that_goes_is_reported_and_leaves_the_ids_of_the_others(
    sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock, function: str
) -> None:
    sensor.open()
    fake_nvml.fail(DRIVER_NOT_LOADED, function)
    for _ in range(3):
        readings = read_gpus(sensor)
        assert vendors(readings) == {"2": "memory"}
        assert readings.problem is not None
        assert readings.problem.startswith("The NVIDIA driver is installed but not running")
        clock.advance(2.0)
    assert sensor.details == {"driver_version": "1.0"}
    fake_nvml.recover(function)
    clock.advance(30.0)
    readings = read_gpus(sensor)
    assert vendors(readings) == {"0": "nvidia", "1": "nvidia", "2": "memory"}
    assert readings.problem is None


def test_a_sensor_that_is_closed_and_opened_again_keeps_the_ids(
    sensor: GpuSensor, fake_nvml: FakeNvml, memory: MemoryDriver
) -> None:
    fake_nvml.fail(DRIVER_NOT_LOADED)
    sensor.open()
    memory.absence = "There is no memory driver."
    with pytest.raises(SensorAbsentError):
        read_gpus(sensor)
    sensor.close()
    fake_nvml.recover()
    memory.absence = None
    sensor.open()
    assert vendors(read_gpus(sensor)) == {"0": "memory", "1": "nvidia", "2": "nvidia"}


def test_a_driver_that_fails_unexpectedly_is_reported_and_does_not_hide_the_others(
    sensor: GpuSensor, memory: MemoryDriver, clock: Clock
) -> None:
    memory.failure = ZeroDivisionError("oops")
    sensor.open()
    readings = read_gpus(sensor)
    assert vendors(readings) == {"0": "nvidia", "1": "nvidia"}
    assert readings.problem == "A GPU driver failed (ZeroDivisionError: oops)."
    memory.failure = None
    clock.advance(30.0)
    assert read_gpus(sensor).problem is None


def test_a_driver_that_cannot_list_its_gpus_is_reported_and_those_known_are_read(
    sensor: GpuSensor, memory: MemoryDriver
) -> None:
    sensor.open()
    memory.failure = SensorFailedError("The memory driver is busy.")
    readings = read_gpus(sensor)
    assert len(readings.gpus) == 3
    assert readings.problem == "The memory driver is busy."


def test_if_the_only_driver_fails_unexpectedly_that_is_a_failure_and_no_absence(
    memory: MemoryDriver, clock: Clock, own_ids: Path
) -> None:
    sensor = GpuSensor(clock, own_ids, drivers=(memory,))
    memory.failure = ZeroDivisionError("oops")
    with pytest.raises(SensorFailedError, match="ZeroDivisionError: oops"):
        sensor.open()
    assert not memory.is_open


def test_a_gpu_that_fails_unexpectedly_is_reported_and_does_not_hide_the_others(
    sensor: GpuSensor, memory: MemoryDriver
) -> None:
    sensor.open()
    memory.devices()[0].error = ZeroDivisionError("oops")
    readings = read_gpus(sensor)
    assert readings.problem == ("GPU 2 (Memory GPU A) cannot be read (ZeroDivisionError: oops).")
    assert readings.gpus["2"]["temperature"] is None
    assert readings.gpus["1"]["temperature"] is not None


def test_only_the_driver_in_which_no_gpu_answers_is_restarted(
    sensor: GpuSensor, memory: MemoryDriver, fake_nvml: FakeNvml, clock: Clock
) -> None:
    sensor.open()
    memory.devices()[0].lost = True
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    for _ in range(20):
        readings = read_gpus(sensor)
        clock.advance(2.0)
    assert memory.openings == 2
    assert readings.problem is not None
    assert readings.problem.endswith(" GPU 2 (Memory GPU A) is lost: plug it in again.")
    assert vendors(readings) == {"0": "nvidia", "1": "nvidia", "2": "memory"}
