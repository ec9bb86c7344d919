"""The probes of a GPU: each pairs an NVML call with the catalogue fields that it fills.

To add a value, first add a field to the catalogue. Then add a probe here and, if the value is a
number, its range of credible values.
"""

from collections.abc import Callable
from typing import NamedTuple

import pynvml

from collector.sensors.gpu.nvml import health, links
from collector.sensors.gpu.nvml.library import Handle, first_known
from collector.sensors.gpu.nvml.memory import memory
from collector.sensors.gpu.nvml.processes import LISTINGS

_MILLIWATTS_IN_WATT = 1000

# The clocks event reasons (nvmlClocksEventReasons in nvml.h), by bit. NVML used to call them
# throttle reasons.
_EVENT_REASONS = (
    "gpu_idle",
    "applications_clocks_setting",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    "sw_thermal_slowdown",
    "hw_thermal_slowdown",
    "hw_power_brake_slowdown",
    "display_clock_setting",
    "board_limit",
    "reliability",
)

# The lowest and the highest value that a working GPU may report.
_CREDIBLE = {
    "utilization": (0, 100),
    "memory_utilization": (0, 100),
    "memory_used": (0, 2**50),
    "memory_total": (0, 2**50),
    "temperature": (-100, 250),
    "power": (0, 100_000),
    "power_limit": (0, 100_000),
    "sm_clock": (0, 100_000),
    "memory_clock": (0, 100_000),
    "memory_temperature": (-100, 250),
    "fan_speed": (0, 200),  # NVML may report more than 100%
    "performance_state": (0, 15),
    "energy": (0, 1e13),  # ten years at 30 kW
    "power_average": (0, 100_000),
    "pcie_generation": (1, 20),
    "pcie_width": (1, 64),
    "pcie_tx_rate": (0, 1e6),
    "pcie_rx_rate": (0, 1e6),
    "nvlink_links": (0, 64),
    "nvlink_active": (0, 64),
    "nvlink_tx_rate": (0, 1e7),
    "nvlink_rx_rate": (0, 1e7),
    "ecc_errors_corrected": (0, 2**50),
    "ecc_errors_uncorrected": (0, 2**50),
    "ecc_errors_uncorrected_volatile": (0, 2**50),
    "retired_pages": (0, 2**31),
    "retirement_pending": (0, 1),
    "remapped_rows": (0, 2**31),
    "remapping_pending": (0, 1),
    "slowdown_temperature": (1, 250),
    "temperature_margin": (-250, 250),
    "gpu_instance": (0, 2**16),
    "compute_instance": (0, 2**16),
}

_NO_VALUE = (2**31 - 1) / 1000  # in watts or joules, converted from NVML's milliwatts, millijoules
_UNKNOWN_PERFORMANCE_STATE = 32  # NVML_PSTATE_UNKNOWN

# The fields whose probes return a counter. The field's value is the increase of the counter per
# second, times this factor.
PER_SECOND = {
    "power_average": 1,
    "pcie_tx_rate": 1e-6,
    "pcie_rx_rate": 1e-6,
    "nvlink_tx_rate": 1024e-6,
    "nvlink_rx_rate": 1024e-6,
}


def credible(field: str, value: object) -> object:
    """Return ``value``, or None if it is a number outside the credible range of ``field``."""
    if not isinstance(value, int | float):
        return value
    lowest, highest = _CREDIBLE[field]
    return value if lowest <= value <= highest else None


def means_no_value(value: object) -> bool:
    """Return whether ``value``, which is not credible, means that NVML has no value.

    NVML has no value if ``value`` is None or a number with all bits set, with or without the sign
    bit. ``_NO_VALUE`` is the smallest such number; all larger numbers are treated the same way.
    """
    return value is None or (isinstance(value, int | float) and value >= _NO_VALUE)


def name_reasons(mask: int) -> list[str]:
    """Return the names of the throttle reasons whose bits are set in ``mask``."""
    return [
        _EVENT_REASONS[bit] if bit < len(_EVENT_REASONS) else f"unknown_bit_{bit}"
        for bit in range(mask.bit_length())
        if mask >> bit & 1
    ]


def _plain(call: Callable[[Handle], object]) -> Callable[[Handle], tuple[object]]:
    return lambda handle: (call(handle),)


def _utilization(handle: Handle) -> tuple[int, int]:
    rates = pynvml.nvmlDeviceGetUtilizationRates(handle)
    return rates.gpu, rates.memory


def _temperature(handle: Handle) -> tuple[int]:
    # Drivers before R565 support only the first call; CUDA 14 removes it.
    return (
        first_known(
            handle,
            lambda handle: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU),
            lambda handle: pynvml.nvmlDeviceGetTemperatureV(handle, pynvml.NVML_TEMPERATURE_GPU),
        ),
    )


def _performance_state(handle: Handle) -> tuple[int | None]:
    state = pynvml.nvmlDeviceGetPerformanceState(handle)
    return (None if state == _UNKNOWN_PERFORMANCE_STATE else state,)


def _power(handle: Handle) -> tuple[float]:
    return (pynvml.nvmlDeviceGetPowerUsage(handle) / _MILLIWATTS_IN_WATT,)


def _power_limit(handle: Handle) -> tuple[float]:
    return (pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / _MILLIWATTS_IN_WATT,)


def _sm_clock(handle: Handle) -> tuple[int]:
    return (pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM),)


def _memory_clock(handle: Handle) -> tuple[int]:
    return (pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_MEM),)


def _throttle_reasons(handle: Handle) -> tuple[list[str]]:
    mask = first_known(
        handle,
        pynvml.nvmlDeviceGetCurrentClocksEventReasons,
        pynvml.nvmlDeviceGetCurrentClocksThrottleReasons,
    )
    return (name_reasons(mask),)


class Probe(NamedTuple):
    """A call that reads values from a GPU, and the catalogue's field for each value."""

    fields: tuple[str, ...]
    ask: Callable[[Handle], tuple[object, ...]]


SELDOM = (
    Probe(("name",), lambda handle: (pynvml.nvmlDeviceGetName(handle) or None,)),
    Probe(("uuid",), lambda handle: (pynvml.nvmlDeviceGetUUID(handle) or None,)),
    Probe(("power_limit",), _power_limit),
    Probe(("pcie_generation",), _plain(pynvml.nvmlDeviceGetCurrPcieLinkGeneration)),
    Probe(("pcie_width",), _plain(pynvml.nvmlDeviceGetCurrPcieLinkWidth)),
    Probe(("nvlink_links", "nvlink_active"), links.links),
    Probe(
        ("ecc_errors_corrected",),
        health.ecc_errors(pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, pynvml.NVML_AGGREGATE_ECC),
    ),
    Probe(
        ("ecc_errors_uncorrected",),
        health.ecc_errors(pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_AGGREGATE_ECC),
    ),
    Probe(
        ("ecc_errors_uncorrected_volatile",),
        health.ecc_errors(pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_VOLATILE_ECC),
    ),
    Probe(("retired_pages", "retirement_pending"), health.retired_pages),
    Probe(("remapped_rows", "remapping_pending"), health.remapped_rows),
    Probe(("compute_mode",), health.compute_mode),
    Probe(("pci_bus_id",), health.pci_bus_id),
    Probe(("slowdown_temperature",), health.slowdown_temperature),
)
COUNTERS = (
    Probe(("energy", "power_average"), health.energy),
    Probe(("memory_temperature", "pcie_tx_rate", "pcie_rx_rate"), health.temperature_and_traffic),
    Probe(("nvlink_tx_rate", "nvlink_rx_rate"), links.traffic),
)
EACH_TIME = (
    Probe(("utilization", "memory_utilization"), _utilization),
    Probe(("memory_used", "memory_total", "memory_kind"), memory),
    Probe(("temperature",), _temperature),
    Probe(("power",), _power),
    Probe(("sm_clock",), _sm_clock),
    Probe(("memory_clock",), _memory_clock),
    Probe(("throttle_reasons",), _throttle_reasons),
    Probe(("fan_speed",), _plain(pynvml.nvmlDeviceGetFanSpeed)),
    Probe(("performance_state",), _performance_state),
    Probe(("temperature_margin",), _plain(pynvml.nvmlDeviceGetMarginTemperature)),
)
PROCESSES = tuple(Probe((name,), ask) for name, ask in LISTINGS.items())
