from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own_ids(tmp_path: Path) -> Path:
    """Return a ``/proc`` in which process ids are the machine's, wherever the tests run."""
    namespace = tmp_path / "machine" / "self" / "ns"
    namespace.mkdir(parents=True)
    (namespace / "pid").symlink_to("pid:[4026531836]")
    return tmp_path / "machine"


@pytest.fixture
def gpu_sensor(fake_nvml: FakeNvml, clock: Clock, own_ids: Path) -> Iterator[GpuSensor]:
    """Return the GPU sensor over the stand-in, not yet opened."""
    del fake_nvml  # it only has to be loaded first
    sensor = GpuSensor(clock, own_ids)
    yield sensor
    sensor.close()
