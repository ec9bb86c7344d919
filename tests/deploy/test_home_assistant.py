"""Discovery, as a real Home Assistant understands it."""

import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.deploy.home_assistant import HomeAssistant
from tests.deploy.monitor import running
from tests.fakes.nvml import FakeNvml
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until


def test_home_assistant_shows_each_gpu_until_the_collector_disappears(
    tmp_path: Path, fake_nvml: FakeNvml, own_mosquitto: Mosquitto
) -> None:
    program = shutil.which("hass")
    if program is None:
        pytest.skip("hass is not on PATH: only the messages for Home Assistant were checked")
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(1, memory_used=3 * 2**30, power=215_400)
    url = f"mqtt://127.0.0.1:{own_mosquitto.port}"
    options = ("--mqtt-url", url, "--host-name", "gpu-07", "--home-assistant-discovery")
    with (
        HomeAssistant(program, tmp_path) as home,
        running(
            tmp_path, "collector", *options, variables=fake_nvml.environment, wait=False
        ) as collector,
    ):
        home.connect(own_mosquitto.port)
        power = "sensor.gpu_07_gpu_1_power"
        wait_until(lambda: home.state(power) == "215.4", "the GPU's power", 30)
        wait_until(lambda: home.state("sensor.gpu_07_cpu_utilization") is not None, "the CPU", 30)
        assert home.state("sensor.gpu_07_gpu_1_memory_used") == "3.0"
        assert {
            name: home.attributes(f"sensor.gpu_07_gpu_1_{name}").get("unit_of_measurement")
            for name in ("power", "memory_used", "energy", "name")
        } == {"power": "W", "memory_used": "GiB", "energy": "kWh", "name": None}

        collector.end(signal.SIGKILL)
        wait_until(lambda: home.state(power) == "unavailable", "the last will", 30)
    complaints = re.findall(
        r"^.*(?:WARNING|ERROR).*components.mqtt.*$", home.log.read_text(), re.MULTILINE
    )
    assert complaints == []
