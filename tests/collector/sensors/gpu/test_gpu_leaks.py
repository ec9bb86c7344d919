"""A sensor whose GPUs fail again and again, for hours, does not leak."""

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.errors import SensorAbsentError, SensorFailedError
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")

NOT_SUPPORTED, DRIVER_NOT_LOADED, GPU_IS_LOST, UNKNOWN = 3, 9, 15, 999
MEBIBYTE = 1024 * 1024
INTERVAL = 2.0
A_WHILE = 25  # ticks
UNUSED_PID = 2**22 + 7
MIG = f"7:0:{10 * MEBIBYTE}:{MEBIBYTE} 8:0:{10 * MEBIBYTE}:{MEBIBYTE}"


Troubles = Iterator[Callable[[], object]]


def troubles(fake_nvml: FakeNvml) -> Troubles:
    """Return one failure after the other, each followed by its end, forever."""
    power, listing = "nvmlDeviceGetPowerUsage", "nvmlDeviceGetComputeRunningProcesses_v3"
    return itertools.cycle(
        [
            lambda: fake_nvml.fail(UNKNOWN, gpu=1),
            lambda: fake_nvml.recover(gpu=1),
            lambda: fake_nvml.fail(UNKNOWN),
            fake_nvml.recover,
            lambda: fake_nvml.fail(GPU_IS_LOST, gpu=0),
            lambda: fake_nvml.recover(gpu=0),
            lambda: fake_nvml.fail(DRIVER_NOT_LOADED),
            fake_nvml.recover,
            lambda: fake_nvml.fail(NOT_SUPPORTED, power),
            lambda: fake_nvml.recover(power),
            lambda: fake_nvml.fail(UNKNOWN, listing),
            lambda: fake_nvml.recover(listing),
            lambda: fake_nvml.set_gpus(4),
            lambda: fake_nvml.set_gpus(2),
            lambda: fake_nvml.set_readings(0, mig=MIG),
            lambda: fake_nvml.set_readings(0, mig="none"),
            lambda: fake_nvml.set_readings(1, temperature=999),
            lambda: fake_nvml.set_readings(1, temperature=50),
            lambda: fake_nvml.delay(0.3, power, gpu=1),
            lambda: fake_nvml.delay(0, power, gpu=1),
        ]
    )


class Held(NamedTuple):
    """The resources that this process uses."""

    descriptors: int
    threads: int
    memory: int  # bytes resident

    @classmethod
    def now(cls) -> "Held":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(
            len(list(Path("/proc/self/fd").iterdir())),
            threading.active_count(),
            pages * os.sysconf("SC_PAGE_SIZE"),
        )


def tick(
    sensor: GpuSensor, ticks: int, clock: Clock, trouble: Iterator[Callable[[], object]]
) -> None:
    """Read ``ticks`` times as the runner does, and cause the next failure now and then."""
    is_open = False
    for number in range(ticks):
        if number % A_WHILE == 0:
            next(trouble)()
        try:
            if not is_open:
                sensor.open()
                is_open = True
            with contextlib.suppress(SensorFailedError):
                list(sensor.read())
        except SensorAbsentError:
            sensor.close()
            is_open = False
        clock.advance(INTERVAL)
    sensor.close()


@pytest.mark.parametrize(
    ("ticks", "growth"),
    [
        pytest.param(500, 8 * MEBIBYTE, id="500 ticks"),
        pytest.param(10_000, 2 * MEBIBYTE, id="10000 ticks", marks=pytest.mark.soak),
    ],
)
def test_a_failing_sensor_leaks_no_memory_files_or_threads(
    fake_nvml: FakeNvml, clock: Clock, own_ids: Path, ticks: int, growth: int
) -> None:
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(processes=f"{os.getpid()}:compute:5 {UNUSED_PID}:graphics:6")
    sensor = GpuSensor(clock, own_ids, patience=0.05)
    trouble = troubles(fake_nvml)
    tick(sensor, ticks // 10 if ticks > 500 else A_WHILE, clock, trouble)
    before = Held.now()
    tick(sensor, ticks, clock, trouble)
    after = Held.now()
    assert after.descriptors == before.descriptors
    assert after.threads <= before.threads
    assert after.memory - before.memory < growth
    print(before, after)  # noqa: T201 - the figures for the documentation
