"""A GPU's memory: its own, or the system's if it has none."""

import psutil
import pynvml

from collector.sensors.gpu.nvml.library import Handle, first_known

DEDICATED, UNIFIED = "dedicated", "unified"


def memory(handle: Handle) -> tuple[int, int, str]:
    """Return the used bytes, the total bytes, and the kind of memory.

    A GPU that shares the system's memory (DGX Spark GB10, Jetson, Grace with an integrated GPU)
    answers 'not supported', or success and zeros. The system's memory is then reported:
    MemTotal - MemAvailable as used, MemTotal as the total; see
    https://docs.nvidia.com/dgx/dgx-spark/known-issues.html
    """
    try:
        info = _dedicated(handle)
    except pynvml.NVMLError as error:
        if error.value != pynvml.NVML_ERROR_NOT_SUPPORTED:
            raise
    else:
        if info.total:
            return info.used, info.total, DEDICATED
    system = psutil.virtual_memory()
    return system.total - system.available, system.total, UNIFIED


def _dedicated(handle: Handle) -> pynvml.c_nvmlMemory_t:
    # Only the second version separates what the driver reserves from what is used.
    return first_known(
        handle,
        lambda handle: pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2),
        pynvml.nvmlDeviceGetMemoryInfo,
    )
