"""The instances of a GPU in MIG mode (multi-instance GPU), and their memory.

https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
"""

from collections.abc import Mapping
from typing import NamedTuple

import pynvml

from collector.sensors.gpu.nvml.answers import ask
from collector.sensors.gpu.nvml.library import NOT_REPORTED, Handle
from collector.sensors.gpu.nvml.probes import Probe

_SELDOM_SECONDS = 30.0
_NOT_THERE = NOT_REPORTED | {pynvml.NVML_ERROR_NOT_FOUND, pynvml.NVML_ERROR_INVALID_ARGUMENT}


def _memory(handle: Handle) -> tuple[int, int]:
    info = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return info.used, info.total


_IDENTITY = (
    Probe(("name",), lambda handle: (pynvml.nvmlDeviceGetName(handle) or None,)),
    Probe(("uuid",), lambda handle: (pynvml.nvmlDeviceGetUUID(handle) or None,)),
    Probe(("gpu_instance",), lambda handle: (pynvml.nvmlDeviceGetGpuInstanceId(handle),)),
    Probe(("compute_instance",), lambda handle: (pynvml.nvmlDeviceGetComputeInstanceId(handle),)),
)
_MEMORY = Probe(("memory_used", "memory_total"), _memory)


class _Instance(NamedTuple):
    handle: Handle
    identity: Mapping[str, object]


class MigInstances:
    """The instances of one GPU, which come and go: their list is refreshed every half minute.

    ``failures`` is what NVML answered instead of an instance's memory at the newest reading.
    """

    def __init__(self) -> None:
        """Start with no instances."""
        self.failures: dict[str, str] = {}
        self._instances: Mapping[int, _Instance] = {}
        self._due = float("-inf")

    def read(self, gpu: Handle, now: float) -> dict[int, Mapping[str, object]]:
        """Return the catalogue's fields of each instance, by NVML's index.

        ``now`` is monotonic, in seconds. Raises NVMLError if the whole GPU has a problem.
        """
        if now >= self._due:
            self._instances = _find(gpu)
            self._due = now + _SELDOM_SECONDS
        failures: dict[str, str] = {}
        readings = {index: dict(each.identity) for index, each in self._instances.items()}
        for index, instance in self._instances.items():
            answers = ask(instance.handle, [_MEMORY])
            readings[index] |= answers.values
            for field, reason in answers.failures.items():
                failures[f"MIG {index}'s {field}"] = reason
        if failures:
            self._due = now  # an instance that was destroyed and created has another handle
        self.failures = failures
        return dict(readings)

    def unanswered(self) -> dict[int, Mapping[str, object]]:
        """Return only what identifies each of the instances known so far."""
        return {index: instance.identity for index, instance in self._instances.items()}

    def forget_handles(self) -> None:
        """List the instances again at the next reading."""
        self._due = float("-inf")


def _find(gpu: Handle) -> dict[int, _Instance]:
    try:
        current, _pending = pynvml.nvmlDeviceGetMigMode(gpu)
        if current != pynvml.NVML_DEVICE_MIG_ENABLE:
            return {}
        handles = _handles(gpu, pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu))
    except pynvml.NVMLError as error:
        if error.value in _NOT_THERE:
            return {}
        raise
    return {
        index: _Instance(handle, ask(handle, _IDENTITY).values) for index, handle in handles.items()
    }


def _handles(gpu: Handle, most: int) -> dict[int, Handle]:
    handles = {}
    for index in range(most):
        try:
            handles[index] = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)
        except pynvml.NVMLError as error:
            if error.value not in _NOT_THERE:
                raise
    return handles
