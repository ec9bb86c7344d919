"""Reads the instances of a GPU in MIG mode (multi-instance GPU), and their memory.

See https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
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
    """Reads the MIG instances of one GPU.

    The instances are listed again at least every 30 s, because users can create and destroy them.
    ``failures`` tells which values could not be read in the newest reading, and why. Its keys are
    names such as ``MIG 0's memory_used``.
    """

    def __init__(self) -> None:
        """Start with no instances."""
        self.failures: dict[str, str] = {}
        self._instances: Mapping[int, _Instance] = {}
        self._due = float("-inf")

    def read(self, gpu: Handle, now: float) -> dict[int, Mapping[str, object]]:
        """Return the values of each instance's fields, keyed by the instance's NVML index.

        ``now`` is the monotonic time in seconds. Raises an NVMLError if NVML cannot list the
        instances, or if a call fails with an error that concerns the whole GPU or all GPUs.
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
            self._due = now  # an instance that was destroyed and created again has a new handle
        self.failures = failures
        return dict(readings)

    def unanswered(self) -> dict[int, Mapping[str, object]]:
        """Return, for each instance known so far, only the fields that identify it."""
        return {index: instance.identity for index, instance in self._instances.items()}

    def forget_handles(self) -> None:
        """Discard the handles: the next reading lists the instances again and gets new handles."""
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
