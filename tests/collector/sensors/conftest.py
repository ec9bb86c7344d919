from collections.abc import Iterator

import pytest

from collector.sensors.gpu import GpuSensor
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gpu_sensor(fake_nvml: FakeNvml, clock: Clock) -> Iterator[GpuSensor]:
    """Return the GPU sensor over the stand-in, not yet opened."""
    del fake_nvml  # has only to be loaded before
    sensor = GpuSensor(clock)
    yield sensor
    sensor.close()
