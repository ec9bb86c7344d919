"""What the tests of the GPU sensor share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.catalogue import GPU, GPU_MIG, GPU_PROCESSES, family_of, place_of
from telemetry.errors import SensorFailedError
from tests.collector.sensors.reading import checked

# Which of NVML's functions must fail for these values to be missing.
FUNCTIONS = {
    "energy power_average": ["nvmlDeviceGetTotalEnergyConsumption"],
    "memory_temperature pcie_tx_rate pcie_rx_rate nvlink_tx_rate nvlink_rx_rate"
    " nvlink_links nvlink_active retired_pages retirement_pending": ["nvmlDeviceGetFieldValues"],
    "nvlink_links nvlink_active": ["nvmlDeviceGetNvLinkState"],
    "fan_speed": ["nvmlDeviceGetFanSpeed"],
    "performance_state": ["nvmlDeviceGetPerformanceState"],
    "pcie_generation": ["nvmlDeviceGetCurrPcieLinkGeneration"],
    "pcie_width": ["nvmlDeviceGetCurrPcieLinkWidth"],
    "ecc_errors_corrected ecc_errors_uncorrected ecc_errors_uncorrected_volatile": [
        "nvmlDeviceGetTotalEccErrors"
    ],
    "remapped_rows remapping_pending": ["nvmlDeviceGetRemappedRows"],
    "compute_mode": ["nvmlDeviceGetComputeMode"],
    "pci_bus_id": ["nvmlDeviceGetPciInfo_v3"],
    "temperature_margin slowdown_temperature": [
        "nvmlDeviceGetMarginTemperature",
        "nvmlDeviceGetTemperatureThreshold",
    ],
    "utilization memory_utilization": ["nvmlDeviceGetUtilizationRates"],
    "memory_used memory_total memory_kind": [
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetMemoryInfo",
    ],
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


# The first reading has none.
RATES = {"power_average", "pcie_tx_rate", "pcie_rx_rate", "nvlink_tx_rate", "nvlink_rx_rate"}
DIFFERENCES = RATES | {"throttle_shares"}


def missing(values: Mapping[str, Any]) -> set[str]:
    """Return the fields that are null although the first reading should have them."""
    return {name for name, value in values.items() if value is None} - DIFFERENCES


class GpuReadings(NamedTuple):
    """The values of each GPU, by its id, and the problem that the sensor reported afterwards.

    ``processes`` are the values of each GPU's channel of processes, by the same ids; ``mig`` those
    of its MIG instances, by "0:1" for the instance 1 of GPU 0.
    """

    gpus: Mapping[str, Mapping[str, Any]]
    problem: str | None
    processes: Mapping[str, Mapping[str, Any]]
    mig: Mapping[str, Mapping[str, Any]]


def read_gpus(sensor: GpuSensor) -> GpuReadings:
    """Read once and check each GPU's values against the catalogue; they come in any order."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {
        GPU.name: {},
        GPU_PROCESSES.name: {},
        GPU_MIG.name: {},
    }
    problem = None
    try:
        for reading in sensor.read():
            family = family_of(reading.channel)
            assert family is not None
            place = ":".join(place_of(reading.channel).values())
            assert place not in found[family.name]
            found[family.name][place] = checked(reading, family)
    except SensorFailedError as failure:
        problem = str(failure)
    gpus, processes, mig = (dict(sorted(each.items(), key=_numbers)) for each in found.values())
    return GpuReadings(gpus, problem, processes, mig)


def _numbers(item: tuple[str, object]) -> list[int]:
    return [int(number) for number in item[0].split(":")]


def read_gpu(sensor: GpuSensor) -> Mapping[str, Any]:
    """Return the values of the only GPU, which has no problem."""
    readings = read_gpus(sensor)
    assert readings.problem is None
    (values,) = readings.gpus.values()
    return values


def read_processes(sensor: GpuSensor) -> Mapping[str, Any]:
    """Return the values of the channel of the only GPU's processes; the GPU has no problem."""
    readings = read_gpus(sensor)
    assert readings.problem is None
    (values,) = readings.processes.values()
    return values
