"""The GPU sensor in the runner, beside another sensor, during each failure."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pynvml
import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.status import SensorReport, SensorState
from tests.collector.running import Ran
from tests.fakes.nvml import FakeNvml
from tests.fakes.sensors import CountingSensor
from tests.services.processes import wait_until

NO_PERMISSION, DRIVER_NOT_LOADED, GPU_IS_LOST, RESET_REQUIRED, VERSION_MISMATCH = 4, 9, 15, 16, 18
UNKNOWN = 999
INIT, HANDLE = "nvmlInitWithFlags", "nvmlDeviceGetHandleByIndex_v2"


@contextmanager
def running(own_ids: Path, **options: float) -> Iterator[Ran]:
    """Run the sensor of the GPUs beside a counter."""
    with Ran(GpuSensor(proc=own_ids, patience=0.4), CountingSensor(), **options) as ran:
        yield ran


@pytest.fixture
def ran(own_ids: Path, fake_nvml: FakeNvml) -> Iterator[Ran]:
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(utilization=5, name="NVIDIA L4")
    with running(own_ids) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        yield ran


def wait_for_more(ran: Ran, channel: str) -> None:
    before = len(ran.values(channel))
    wait_until(lambda: len(ran.values(channel)) >= before + 2, f"readings on {channel}")


def assert_reason(report: SensorReport, sentence: str) -> None:
    assert report.reason is not None
    assert report.reason.startswith(sentence)
    assert report.reason.endswith(".")


Change = Callable[[FakeNvml], None]
ONE_GPU: dict[str, tuple[Change, Change, str]] = {
    "lost": (
        lambda nvml: nvml.fail(GPU_IS_LOST, gpu=0),
        lambda nvml: nvml.recover(gpu=0),
        "GPU 0 (NVIDIA L4) is lost and no longer answers on its bus: look for Xid 79",
    ),
    "to be reset": (
        lambda nvml: nvml.fail(RESET_REQUIRED, gpu=0),
        lambda nvml: nvml.recover(gpu=0),
        "GPU 0 (NVIDIA L4) must be reset: end the processes on it",
    ),
    "unknown errors": (
        lambda nvml: nvml.fail(UNKNOWN, gpu=0),
        lambda nvml: nvml.recover(gpu=0),
        "GPU 0 (NVIDIA L4) does not answer (Unknown Error): see the kernel log",
    ),
    "a call that hangs": (
        lambda nvml: nvml.delay(1.2, "nvmlDeviceGetPowerUsage", gpu=0),
        lambda nvml: nvml.delay(0, "nvmlDeviceGetPowerUsage", gpu=0),
        "GPU 0 (NVIDIA L4) does not answer because a driver call hangs: look for errors",
    ),
    "out of range": (
        lambda nvml: nvml.set_readings(0, utilization=200, memory_utilization=5),
        lambda nvml: nvml.set_readings(0, utilization=5),
        "GPU 0 (NVIDIA L4) does not report utilization (out of range).",
    ),
}


@pytest.mark.parametrize("failure", ONE_GPU)
def test_a_gpu_that_fails_is_reported_and_its_neighbour_goes_on(
    ran: Ran, fake_nvml: FakeNvml, failure: str
) -> None:
    fail, recover, sentence = ONE_GPU[failure]
    fail(fake_nvml)
    report = ran.wait_for_state("gpu", SensorState.FAILING)
    assert_reason(report, sentence)
    assert report.details["driver_version"]
    wait_until(lambda: ran.values("system/gpu/0")[-1:] == [None], "a reading without values")
    wait_for_more(ran, "system/gpu/1")
    wait_for_more(ran, "system/cpu")
    assert set(ran.values("system/gpu/1")) == {5}
    recover(fake_nvml)
    report = ran.wait_for_state("gpu", SensorState.OK)
    assert (report.reason, report.description) == (None, "2 GPUs: NVIDIA L4 ×2")  # noqa: RUF001
    wait_until(lambda: ran.values("system/gpu/0")[-1:] == [5], "a reading with values")


def shut_down(fake_nvml: FakeNvml) -> None:
    fake_nvml.fail(NO_PERMISSION, INIT)
    pynvml.nvmlShutdown()


DRIVER: dict[str, tuple[Change, Change, str]] = {
    "not running": (
        lambda nvml: nvml.fail(DRIVER_NOT_LOADED),
        lambda nvml: nvml.recover(),
        "The NVIDIA driver is installed but not running: load its kernel module",
    ),
    "updated under a running module": (
        lambda nvml: nvml.fail(VERSION_MISMATCH),
        lambda nvml: nvml.recover(),
        "The NVIDIA driver was updated and the running kernel module is older: reboot",
    ),
    "without a GPU": (
        lambda nvml: nvml.set_gpus(0),
        lambda nvml: nvml.set_gpus(2),
        "The NVIDIA driver is running but lists no GPU",
    ),
    "shut down by other code": (
        shut_down,
        lambda nvml: nvml.recover(INIT),
        "The NVIDIA driver denies access to this user: allow reading and writing /dev/nvidia*",
    ),
}


@pytest.mark.parametrize("failure", DRIVER)
def test_a_driver_that_fails_is_reported_and_found_again_by_itself(
    ran: Ran, fake_nvml: FakeNvml, failure: str
) -> None:
    fail, recover, sentence = DRIVER[failure]
    fail(fake_nvml)
    wait_until(
        lambda: (ran.runner.reports()["gpu"].reason or "").startswith(sentence), "it is reported"
    )
    report = ran.wait_for_state("gpu", SensorState.ABSENT)
    assert_reason(report, sentence)
    assert (report.details, report.description, report.failures) == ({}, None, 0)
    wait_for_more(ran, "system/cpu")
    before = len(ran.values("system/gpu/0"))
    recover(fake_nvml)
    assert ran.wait_for_state("gpu", SensorState.OK).details["nvml_version"]
    wait_until(lambda: len(ran.values("system/gpu/0")) > before, "readings")


def test_where_the_driver_itself_hangs_the_other_sensors_go_on(
    own_ids: Path, fake_nvml: FakeNvml
) -> None:
    with running(own_ids, hanging_seconds=0.1) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        fake_nvml.delay(0.6, "nvmlDeviceGetCount_v2")
        report = ran.wait_for_state("gpu", SensorState.HANGING)
        assert_reason(report, "The sensor has not answered for more than ")
        fake_nvml.delay(0, "nvmlDeviceGetCount_v2")
        wait_for_more(ran, "system/cpu")
        report = ran.wait_for_state("gpu", SensorState.OK)
    assert report.reason is None
    assert report.missed_ticks >= 2


def test_gpus_come_and_go_while_it_runs(ran: Ran, fake_nvml: FakeNvml) -> None:
    fake_nvml.set_gpus(3)
    wait_for_more(ran, "system/gpu/2")
    assert ran.runner.reports()["gpu"].description == "3 GPUs: NVIDIA L4 ×3"  # noqa: RUF001
    fake_nvml.set_gpus(1)
    wait_until(
        lambda: ran.runner.reports()["gpu"].description == "1 GPU: NVIDIA L4", "two have gone"
    )
    gone = len(ran.values("system/gpu/2"))
    wait_for_more(ran, "system/gpu/0")
    assert len(ran.values("system/gpu/2")) == gone
    gpus = ("system/gpu/1", "system/gpu/2")
    assert sorted(ran.vanished) == sorted([*gpus, *(f"{gpu}/processes" for gpu in gpus)])
    assert ran.runner.reports()["gpu"].state is SensorState.OK


def test_a_gpu_that_this_user_cannot_read_is_reported(own_ids: Path, fake_nvml: FakeNvml) -> None:
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(utilization=5)
    fake_nvml.fail(NO_PERMISSION, HANDLE, gpu=0)
    with running(own_ids) as ran:
        report = ran.wait_for_state("gpu", SensorState.FAILING)
        assert_reason(
            report, "GPU 0 cannot be read by this user: allow reading and writing /dev/nv"
        )
        wait_for_more(ran, "system/gpu/1")
        fake_nvml.recover(HANDLE, gpu=0)
        ran.wait_for_state("gpu", SensorState.OK)


def test_a_process_that_ends_is_not_a_failure(ran: Ran, fake_nvml: FakeNvml) -> None:
    fake_nvml.set_readings(0, processes=f"{os.getpid()}:compute:1 {2**22 + 7}:compute:2")
    wait_for_more(ran, "system/gpu/0")
    assert ran.runner.reports()["gpu"].state is SensorState.OK


@pytest.mark.soak
def test_a_call_that_hangs_for_half_a_minute_delays_only_its_own_gpu(
    ran: Ran, fake_nvml: FakeNvml
) -> None:
    hanging = "nvmlDeviceGetPowerUsage"
    fake_nvml.delay(30, hanging, gpu=0)
    ran.wait_for_state("gpu", SensorState.FAILING)
    fake_nvml.delay(0, hanging, gpu=0)
    before = len(ran.values("system/gpu/1")), len(ran.ticks)
    wait_until(lambda: ran.runner.reports()["gpu"].state is SensorState.OK, "it comes back", 40)
    readings, ticks = len(ran.values("system/gpu/1")) - before[0], len(ran.ticks) - before[1]
    assert ticks > 400  # of 50 ms: it took half a minute
    assert readings > 0.95 * ticks
    assert set(ran.values("system/gpu/1")) == {5}
