"""Reads a GPU's health, PCIe link and energy use through NVML."""

from collections.abc import Callable

import pynvml

from collector.sensors.gpu.nvml.library import NOT_REPORTED, Handle

_MILLIJOULES_IN_JOULE = 1000

# By nvmlValueType of nvml.h: the member of the union that holds a value.
_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")

# By nvmlComputeMode of nvml.h: the name of a compute mode.
_COMPUTE_MODES = ("default", "exclusive_thread", "prohibited", "exclusive_process")

# A driver that is too old for a field returns the error "invalid argument".
_FIELD_NOT_REPORTED = NOT_REPORTED | {pynvml.NVML_ERROR_INVALID_ARGUMENT}


def fields(handle: Handle, *ids: int | tuple[int, int]) -> list[int | float | None]:
    """Return the values of the NVML fields with these ``ids``; a missing value is None.

    One call reads all fields. An id may be paired with a scope, such as a link. Raises
    NVMLError if no field is reported, or if reading a field fails.
    """
    answers = pynvml.nvmlDeviceGetFieldValues(handle, ids)
    values: list[int | float | None] = []
    for answer in answers:
        if answer.nvmlReturn == pynvml.NVML_SUCCESS:
            values.append(getattr(answer.value, _MEMBERS[answer.valueType]))
        elif answer.nvmlReturn in _FIELD_NOT_REPORTED:
            values.append(None)
        else:
            raise pynvml.NVMLError(answer.nvmlReturn)
    if all(value is None for value in values):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    return values


def energy(handle: Handle) -> tuple[float, float]:
    """Return the joules used so far, twice, because two fields are computed from this number.

    The field ``energy`` is this number, and ``power_average`` is its increase per second.
    """
    joules = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / _MILLIJOULES_IN_JOULE
    return joules, joules


def temperature_and_traffic(handle: Handle) -> tuple[object, ...]:
    """Return the memory's temperature, and the bytes sent and received over PCIe so far.

    nvmlDeviceGetPcieThroughput would give the PCIe rates on more GPU models. But each call measures
    one direction of the link for 20 ms, so each GPU would take 40 ms per tick. Reading the counters
    takes almost no time.
    """
    return tuple(
        fields(
            handle,
            pynvml.NVML_FI_DEV_MEMORY_TEMP,
            pynvml.NVML_FI_DEV_PCIE_COUNT_TX_BYTES,
            pynvml.NVML_FI_DEV_PCIE_COUNT_RX_BYTES,
        )
    )


def retired_pages(handle: Handle) -> tuple[object, ...]:
    """Return how many memory pages are retired, and whether retirements are pending.

    Only GPUs older than Ampere retire pages.
    """
    single, double, pending = fields(
        handle,
        pynvml.NVML_FI_DEV_RETIRED_SBE,
        pynvml.NVML_FI_DEV_RETIRED_DBE,
        pynvml.NVML_FI_DEV_RETIRED_PENDING,
    )
    return None if single is None or double is None else single + double, pending


def remapped_rows(handle: Handle) -> tuple[int, int]:
    """Return how many memory rows are remapped, and whether remappings are pending.

    Only Ampere and newer GPUs remap rows.
    """
    corrected, uncorrected, pending, _failure = pynvml.nvmlDeviceGetRemappedRows(handle)
    return corrected + uncorrected, pending


def ecc_errors(error: int, counter: int) -> Callable[[Handle], tuple[int]]:
    """Return a function that reads one of a GPU's memory error counts.

    ``error`` is the error type: corrected or uncorrected. ``counter`` is volatile (counted
    since the driver was loaded) or aggregate (counted over the GPU's lifetime). Each combination
    of the two has its own function, because a GPU may support only some combinations.
    """
    return lambda handle: (pynvml.nvmlDeviceGetTotalEccErrors(handle, error, counter),)


def compute_mode(handle: Handle) -> tuple[str | None]:
    """Return the name of the compute mode; None if the mode is unknown."""
    mode = pynvml.nvmlDeviceGetComputeMode(handle)
    return (_COMPUTE_MODES[mode] if 0 <= mode < len(_COMPUTE_MODES) else None,)


def pci_bus_id(handle: Handle) -> tuple[str | None]:
    """Return the GPU's address on the PCI bus, in the format of nvidia-smi."""
    return (pynvml.nvmlDeviceGetPciInfo(handle).busId or None,)


def slowdown_temperature(handle: Handle) -> tuple[int]:
    """Return the temperature in °C at which the GPU slows itself down."""
    threshold = pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN
    return (pynvml.nvmlDeviceGetTemperatureThreshold(handle, threshold),)
