"""The probes of a GPU's health, its PCIe link and its energy use, through NVML."""

from collections.abc import Callable

import pynvml

from collector.sensors.gpu.nvml.library import NOT_REPORTED, Handle

_MILLIJOULES_IN_JOULE = 1000

# nvmlValueType of nvml.h: which member of the union holds the value.
_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")

# nvmlComputeMode of nvml.h
_COMPUTE_MODES = ("default", "exclusive_thread", "prohibited", "exclusive_process")

# A driver that does not know a field yet answers "invalid argument".
_FIELD_NOT_REPORTED = NOT_REPORTED | {pynvml.NVML_ERROR_INVALID_ARGUMENT}


def fields(handle: Handle, *ids: int | tuple[int, int]) -> list[int | float | None]:
    """Return the values of NVML's fields ``ids``, all read in one call; None for a missing one.

    An id may be paired with a scope, such as a link. Raises NVMLError if no field is reported, or
    if one fails.
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
    """Return the joules used so far, twice: for the energy, and to compute the mean power from."""
    joules = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / _MILLIJOULES_IN_JOULE
    return joules, joules


def temperature_and_traffic(handle: Handle) -> tuple[object, ...]:
    """Return the memory's temperature, and the bytes sent and received over PCIe so far.

    nvmlDeviceGetPcieThroughput would give the rates of more GPUs, but each call observes the link
    for 20 ms: 320 ms a tick for 8 GPUs. The counters cost nothing.
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
    """Return how many pages are retired, and whether more are pending. For GPUs before Ampere."""
    single, double, pending = fields(
        handle,
        pynvml.NVML_FI_DEV_RETIRED_SBE,
        pynvml.NVML_FI_DEV_RETIRED_DBE,
        pynvml.NVML_FI_DEV_RETIRED_PENDING,
    )
    return None if single is None or double is None else single + double, pending


def remapped_rows(handle: Handle) -> tuple[int, int]:
    """Return how many rows are remapped, and whether more are pending. For GPUs since Ampere."""
    corrected, uncorrected, pending, _failure = pynvml.nvmlDeviceGetRemappedRows(handle)
    return corrected + uncorrected, pending


def ecc_errors(error: int, counter: int) -> Callable[[Handle], tuple[int]]:
    """Return a probe of the memory errors of type ``error`` that ``counter`` counts.

    Each combination has its own probe, since a GPU may support only some of them.
    """
    return lambda handle: (pynvml.nvmlDeviceGetTotalEccErrors(handle, error, counter),)


def compute_mode(handle: Handle) -> tuple[str | None]:
    """Return the name of the compute mode, None for an unknown one."""
    mode = pynvml.nvmlDeviceGetComputeMode(handle)
    return (_COMPUTE_MODES[mode] if 0 <= mode < len(_COMPUTE_MODES) else None,)


def pci_bus_id(handle: Handle) -> tuple[str | None]:
    """Return the address on the PCI bus, as nvidia-smi writes it."""
    return (pynvml.nvmlDeviceGetPciInfo(handle).busId or None,)


def slowdown_temperature(handle: Handle) -> tuple[int]:
    """Return the threshold in °C."""
    threshold = pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN
    return (pynvml.nvmlDeviceGetTemperatureThreshold(handle, threshold),)
