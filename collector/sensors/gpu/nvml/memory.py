"""Reads a GPU's memory: its own memory, or the system's memory if the GPU shares it."""

import psutil
import pynvml

from collector.sensors.gpu.nvml.library import Handle, first_known

DEDICATED, UNIFIED = "dedicated", "unified"


def memory(handle: Handle) -> tuple[int, int, str]:
    """Return the used bytes, the total bytes, and the kind of memory.

    Some GPUs share the system's memory (DGX Spark GB10, Jetson, Grace with an integrated GPU). For
    such a GPU, NVML reports the error 'not supported', or sizes of zero. This function then reports
    the system's memory: MemTotal - MemAvailable as the used bytes, and MemTotal as the total.
    See https://docs.nvidia.com/dgx/dgx-spark/known-issues.html
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
    # Version 1 counts the memory that the driver reserves as used; version 2 does not.
    return first_known(
        handle,
        lambda handle: pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2),
        pynvml.nvmlDeviceGetMemoryInfo,
    )
