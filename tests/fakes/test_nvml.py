import subprocess
import sys

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.gpu.gpus import missing, read_gpus
from tests.fakes.nvml import FakeNvml

COUNT = """
import sys
import pynvml
pynvml.nvmlInit()
sys.exit(40 + pynvml.nvmlDeviceGetCount())
"""


def test_what_is_not_scripted_moves_within_the_possible(fake_nvml: FakeNvml) -> None:
    fake_nvml.set_gpus(16)
    sensor = GpuSensor()
    sensor.open()
    gpus, problem, *_ = read_gpus(sensor)
    sensor.close()
    assert problem is None
    assert len({values["memory_used"] for values in gpus.values()}) > 8
    for values in gpus.values():
        assert not missing(values)
        assert 0 <= values["utilization"] <= 100
        assert 0 < values["memory_used"] < values["memory_total"]
        assert 0 < values["power"] <= values["power_limit"]
        assert 20 < values["temperature"] < 100


@pytest.mark.usefixtures("nvml_library")
def test_a_command_runs_on_a_machine_with_as_many_gpus_as_asked_for() -> None:
    command = [sys.executable, "-m", "tests.fakes.nvml", "--gpus", "3", "--"]
    ended = subprocess.run([*command, sys.executable, "-c", COUNT], check=False, timeout=60)
    assert ended.returncode == 43
