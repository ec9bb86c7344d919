"""GPUs whose readings take long: no value appears newer than it is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.clock import unix_milliseconds
from telemetry.status import SensorState
from tests.collector.running import Ran
from tests.collector.sensors.gpu.gpus import read_gpu
from tests.fakes.nvml import FakeNvml

POWER, ENERGY = "nvmlDeviceGetPowerUsage", "nvmlDeviceGetTotalEnergyConsumption"
WATTS = 350  # of the stand-in

# Prints each sample's timestamp and utilization.
CHILD = """
import time
from pathlib import Path
from collector.runner import Runner
from collector.sensors.gpu.sensor import GpuSensor
def deliver(sample):
    if sample.channel == "system/gpu/0":
        print([sample.timestamp, sample.values["utilization"]], flush=True)
nothing = lambda *_: None
Runner([GpuSensor()], "host", 0.05, deliver, nothing, nothing, nothing).start()
time.sleep(60)
"""


def ages(ran: Ran, channel: str) -> list[int]:
    """Return how old the samples of ``channel`` that have values were when they were delivered."""
    return [
        age
        for sample, age in zip(ran.samples, ran.ages, strict=False)
        if sample.channel == channel and sample.values["utilization"] is not None
    ]


def test_a_gpu_that_hangs_does_not_delay_the_sample_of_another(
    own_ids: Path, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(2)
    with Ran(GpuSensor(proc=own_ids, patience=0.5)) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        fake_nvml.delay(0.7, POWER, gpu=0)
        report = ran.wait_for_state("gpu", SensorState.FAILING)
    assert "GPU 0" in (report.reason or "")
    assert max(ages(ran, "system/gpu/1")) < 450


def test_a_gpu_that_answers_late_is_not_taken_for_new(own_ids: Path, fake_nvml: FakeNvml) -> None:
    with Ran(GpuSensor(proc=own_ids), late_seconds=0.2) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        fake_nvml.delay(0.5, POWER)
        report = ran.wait_for_state("gpu", SensorState.FAILING)
        fake_nvml.delay(0, POWER)
        ran.wait_for_state("gpu", SensorState.OK)
    assert (report.reason or "").startswith("A reading took longer than 0.2 s")
    assert max(ages(ran, "system/gpu/0")) < 450


@pytest.mark.parametrize("hanging", [0.05, 0.3])
def test_a_rate_across_a_call_that_hung_is_over_the_true_time_or_unknown(
    own_ids: Path, fake_nvml: FakeNvml, hanging: float
) -> None:
    sensor = GpuSensor(proc=own_ids)
    sensor.open()
    read_gpu(sensor)
    rates = []
    for delay in (hanging, 0.0, 0.0):
        time.sleep(0.3)
        fake_nvml.delay(delay, ENERGY)
        rates.append(read_gpu(sensor)["power_average"])
    sensor.close()
    assert [rate is None for rate in rates] == [hanging > 0.1, False, False]
    assert all(abs(rate - WATTS) < 0.05 * WATTS for rate in rates if rate is not None)


def test_a_process_that_is_suspended_during_a_reading_publishes_nothing_old(
    fake_nvml: FakeNvml,
) -> None:
    fake_nvml.set_readings(utilization=10)
    fake_nvml.delay(0.2, POWER)  # after the utilization was read
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        env={**os.environ, **fake_nvml.environment},
        text=True,
    )
    with child:
        assert child.stdout is not None
        before = [child.stdout.readline() for _ in range(2)]
        time.sleep(0.15)  # a new reading has begun
        child.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # the fault lasts this long
        fake_nvml.set_readings(utilization=20)
        changed = unix_milliseconds()
        child.send_signal(signal.SIGCONT)
        after = [child.stdout.readline() for _ in range(4)]
        child.kill()
    samples = [json.loads(line) for line in before + after]
    assert {value for taken, value in samples if taken < changed} == {10}
    assert {value for taken, value in samples if taken > changed} == {20}
