"""Finds sensors by name; each sensor's module registers the sensor.

The sensor ``NAME`` is in the module or package ``collector/sensors/NAME``. The module is imported
only when the sensor is built, so a disabled sensor costs no time or memory.
"""

import importlib
from collections.abc import Callable
from typing import TypeVar

from collector.sensors.port import Sensor

SensorClass = TypeVar("SensorClass", bound=type[Sensor])

_SENSORS: dict[str, Callable[[], Sensor]] = {}


def register(sensor: SensorClass) -> SensorClass:
    """Register the class under its ``name``. Use as a decorator.

    Raises ValueError if another sensor has this name: two sensors of the same name would overwrite
    each other's reports.
    """
    taken = _SENSORS.setdefault(sensor.name, sensor)
    if taken is not sensor:
        raise ValueError(f"two sensors are named {sensor.name!r}: {taken!r} and {sensor!r}")
    return sensor


def build(name: str) -> Sensor:
    """Build the sensor ``name``, without opening it.

    Raises ImportError or KeyError if there is no such sensor.
    """
    importlib.import_module(f"collector.sensors.{name}")
    return _SENSORS[name]()
