"""What every GPU driver must do, run over each implementation of the port."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sensors.gpu.driver import GpuDriver
from collector.sensors.gpu.nvml.driver import NvmlDriver
from telemetry.catalogue import GPU, GPU_MIG
from telemetry.errors import SensorAbsentError
from tests.fakes.gpu_driver import MemoryDriver
from tests.fakes.nvml import FakeNvml

DRIVER_NOT_LOADED, GPU_IS_LOST = 9, 15
FIELDS = {field.name for field in GPU.fields} - {"vendor"}  # the sensor adds it
PARTITION_FIELDS = {field.name for field in GPU_MIG.fields}


class Machine(ABC):
    """A driver, and what can happen to the machine under it."""

    driver: GpuDriver

    @abstractmethod
    def set_gpus(self, count: int) -> None: ...

    @abstractmethod
    def lose_gpu(self, number: int) -> None: ...

    @abstractmethod
    def recover_gpu(self, number: int) -> None: ...

    @abstractmethod
    def lose_driver(self) -> None: ...

    @abstractmethod
    def recover_driver(self) -> None: ...


class NvmlMachine(Machine):
    def __init__(self, fake_nvml: FakeNvml, proc: Path) -> None:
        self.driver = NvmlDriver(proc)
        self._fake = fake_nvml
        fake_nvml.set_readings(mig="7:0:100:10")

    def set_gpus(self, count: int) -> None:
        self._fake.set_gpus(count)

    def lose_gpu(self, number: int) -> None:
        self._fake.fail(GPU_IS_LOST, gpu=number)

    def recover_gpu(self, number: int) -> None:
        self._fake.recover(gpu=number)

    def lose_driver(self) -> None:
        self._fake.fail(DRIVER_NOT_LOADED)

    def recover_driver(self) -> None:
        self._fake.recover()


class MemoryMachine(Machine):
    def __init__(self) -> None:
        self.driver: MemoryDriver = MemoryDriver()

    def set_gpus(self, count: int) -> None:
        self.driver.gpus = count

    def lose_gpu(self, number: int) -> None:
        self.driver.devices()[number].lost = True

    def recover_gpu(self, number: int) -> None:
        self.driver.devices()[number].lost = False

    def lose_driver(self) -> None:
        self.driver.absence = "The memory driver is gone."

    def recover_driver(self) -> None:
        self.driver.absence = None


@pytest.fixture(params=["nvml", "memory"])
def machine(request: pytest.FixtureRequest, own_ids: Path) -> Iterator[Machine]:
    machine: Machine
    if request.param == "nvml":
        machine = NvmlMachine(request.getfixturevalue("fake_nvml"), own_ids)
    else:
        machine = MemoryMachine()
    machine.set_gpus(2)
    yield machine
    machine.driver.close()


def test_it_names_its_vendor_in_lower_case(machine: Machine) -> None:
    assert machine.driver.vendor
    assert machine.driver.vendor == machine.driver.vendor.lower().strip()


def test_it_may_be_closed_twice_and_before_it_is_opened(machine: Machine) -> None:
    machine.driver.close()
    machine.driver.open()
    machine.driver.close()
    machine.driver.close()


def test_an_absent_driver_reports_why_in_a_sentence_and_is_found_once_it_is_there(
    machine: Machine,
) -> None:
    machine.lose_driver()
    with pytest.raises(SensorAbsentError, match=r"^[A-Z].*\.$"):
        machine.driver.open()
    machine.driver.close()
    machine.recover_driver()
    machine.driver.open()
    assert len(machine.driver.devices()) == 2


def test_a_driver_that_lists_no_gpu_is_absent(machine: Machine) -> None:
    machine.set_gpus(0)
    with pytest.raises(SensorAbsentError, match=r"^[A-Z].*\.$"):
        _open_and_list(machine.driver)


def _open_and_list(driver: GpuDriver) -> None:
    driver.open()
    driver.devices()


def test_its_details_are_texts_while_it_is_open(machine: Machine) -> None:
    assert dict(machine.driver.details) == {}
    machine.driver.open()
    assert machine.driver.details["driver_version"]
    machine.driver.close()
    assert dict(machine.driver.details) == {}


def test_its_devices_are_the_same_objects_until_their_number_changes(machine: Machine) -> None:
    machine.driver.open()
    before = list(machine.driver.devices())
    assert list(machine.driver.devices()) == before
    machine.driver.close()
    machine.driver.open()
    assert list(machine.driver.devices()) == before
    machine.set_gpus(3)
    assert len(machine.driver.devices()) == 3


def test_a_device_knows_its_name_and_uuid_once_it_has_identified_itself(machine: Machine) -> None:
    machine.driver.open()
    for device in machine.driver.devices():
        assert (device.name, device.uuid) == (None, None)
        device.identify(time.monotonic)
    devices = machine.driver.devices()
    assert all(device.name for device in devices)
    assert len({device.uuid for device in devices}) == 2


def test_a_reading_holds_only_fields_of_the_catalogue(machine: Machine) -> None:
    machine.driver.open()
    for device in machine.driver.devices():
        reading = device.read(time.monotonic)
        assert (reading.answered, reading.problem) == (True, None)
        assert reading.values.keys() <= FIELDS
        assert isinstance(reading.values["temperature"], int | float)
        assert (reading.values["name"], reading.values["uuid"]) == (device.name, device.uuid)
        assert all(process.pid > 0 for process in reading.processes or ())
        assert all(values.keys() <= PARTITION_FIELDS for values in reading.partitions.values())
        assert all(map(str, reading.not_reported.values()))


def test_a_lost_gpu_is_a_problem_of_its_own_reading_and_comes_back(machine: Machine) -> None:
    machine.driver.open()
    lost, other = machine.driver.devices()
    lost.read(time.monotonic)
    machine.lose_gpu(0)
    reading = lost.read(time.monotonic)
    assert not reading.answered
    assert reading.problem
    assert not reading.problem.startswith("GPU")
    assert not reading.problem.endswith(".")
    assert reading.values.get("temperature") is None
    assert (reading.values["name"], reading.values["uuid"]) == (lost.name, lost.uuid)
    assert other.read(time.monotonic).problem is None
    machine.recover_gpu(0)
    assert lost.read(time.monotonic).problem is None


def test_a_gpu_that_is_lost_from_the_start_does_not_fail_to_be_identified(
    machine: Machine,
) -> None:
    machine.driver.open()
    device = machine.driver.devices()[0]
    machine.lose_gpu(0)
    device.identify(time.monotonic)
    assert device.name is None
    assert device.read(time.monotonic).problem


def test_an_unanswered_reading_holds_what_identifies_the_gpu_and_its_partitions(
    machine: Machine,
) -> None:
    machine.driver.open()
    device = machine.driver.devices()[0]
    partitions = device.read(time.monotonic).partitions
    reading = device.unanswered()
    assert not reading.answered
    assert reading.processes is None
    known = {field: value for field, value in reading.values.items() if value is not None}
    assert known == {"name": device.name, "uuid": device.uuid}
    assert reading.partitions.keys() == partitions.keys()
    for values in reading.partitions.values():
        assert values.get("memory_used") is None
        assert values["uuid"]


def test_a_driver_that_goes_while_it_is_open_is_absent_for_each_gpu(machine: Machine) -> None:
    machine.driver.open()
    device = machine.driver.devices()[0]
    device.read(time.monotonic)
    machine.lose_driver()
    for call in (
        machine.driver.devices,
        lambda: device.read(time.monotonic),
        lambda: device.identify(time.monotonic),
    ):
        with pytest.raises(SensorAbsentError):
            call()


def test_its_gpus_can_be_read_after_it_has_been_closed_and_opened(machine: Machine) -> None:
    machine.driver.open()
    device = machine.driver.devices()[0]
    device.read(time.monotonic)
    machine.driver.close()
    machine.driver.open()
    assert device.read(time.monotonic).problem is None
