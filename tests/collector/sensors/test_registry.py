import subprocess
import sys

import pytest

from collector.sensors import registry
from telemetry.settings.values import SENSORS
from tests.fakes.sensors import CountingSensor


class AnotherCpuSensor(CountingSensor):
    name = "cpu"


@pytest.mark.parametrize("name", SENSORS)
def test_each_sensor_of_the_settings_is_built_by_its_name(name: str) -> None:
    assert registry.build(name).name == name


def test_a_second_sensor_of_the_same_name_is_refused() -> None:
    registry.build("cpu")
    with pytest.raises(ValueError, match="two sensors are named 'cpu'"):
        registry.register(AnotherCpuSensor)
    assert not isinstance(registry.build("cpu"), AnotherCpuSensor)


def test_a_sensor_that_does_not_exist_cannot_be_built() -> None:
    with pytest.raises(ImportError):
        registry.build("weather")


def test_only_the_sensors_that_are_built_are_imported() -> None:
    code = (
        "import sys; from collector.sensors.registry import build; build('cpu');"
        " print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = run.stdout.split()
    assert "collector.sensors.cpu" in loaded
    assert "collector.sensors.gpu" not in loaded
