"""What the tests of the GPU sensor share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from collector.sensors.gpu import GpuSensor
from telemetry.channels import GPU, gpu_of
from telemetry.errors import SensorFailed
from tests.collector.sensors.reading import checked

# Which of NVML's functions must fail for these values to be missing.
FUNCTIONS = {
    "utilization memory_utilization": ["nvmlDeviceGetUtilizationRates"],
    "memory_used memory_total": ["nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetMemoryInfo"],
    "temperature": ["nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV"],
    "power": ["nvmlDeviceGetPowerUsage"],
    "power_limit": ["nvmlDeviceGetEnforcedPowerLimit"],
    "sm_clock memory_clock": ["nvmlDeviceGetClockInfo"],
    "throttle_reasons": [
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
    ],
    "name": ["nvmlDeviceGetName"],
    "uuid": ["nvmlDeviceGetUUID"],
}


class GpuReadings(NamedTuple):
    """The values of each GPU, by its id, and what the sensor complained of afterwards."""

    gpus: Mapping[str, Mapping[str, Any]]
    problem: str | None


def read_gpus(sensor: GpuSensor) -> GpuReadings:
    """Read once and check each GPU's values against the catalogue."""
    gpus: dict[str, Mapping[str, Any]] = {}
    problem = None
    try:
        for reading in sensor.read():
            gpu = gpu_of(reading.channel)
            assert gpu is not None
            assert gpu not in gpus
            gpus[gpu] = checked(reading, GPU)
    except SensorFailed as failure:
        problem = str(failure)
    return GpuReadings(gpus, problem)


def read_gpu(sensor: GpuSensor) -> Mapping[str, Any]:
    """Return the values of the only GPU, which has nothing to complain of."""
    gpus, problem = read_gpus(sensor)
    assert problem is None
    (values,) = gpus.values()
    return values
