"""Reads the number, state and traffic of a GPU's NVLinks through NVML."""

import pynvml

from collector.sensors.gpu.nvml.health import fields
from collector.sensors.gpu.nvml.library import Handle

_ALL_LINKS = 0xFFFFFFFF  # the scope that sums a field over all links, see nvml.h


def links(handle: Handle) -> tuple[float | None, int | None]:
    """Return how many NVLinks the GPU has and how many are up; both are None without NVLink.

    The second number is also None if the GPU has more than ``NVML_NVLINK_MAX_LINKS`` links.
    """
    (count,) = fields(handle, pynvml.NVML_FI_DEV_NVLINK_LINK_COUNT)
    if not count:
        return None, None
    if count > pynvml.NVML_NVLINK_MAX_LINKS:
        return count, None
    states = (pynvml.nvmlDeviceGetNvLinkState(handle, link) for link in range(int(count)))
    return count, sum(map(bool, states))


def traffic(handle: Handle) -> tuple[object, ...]:
    """Return the KiB sent and the KiB received so far, each summed over all links.

    Only GPUs up to the Hopper generation have these counters.
    """
    return tuple(
        fields(
            handle,
            (pynvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, _ALL_LINKS),
            (pynvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, _ALL_LINKS),
        )
    )
