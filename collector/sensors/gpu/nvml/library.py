"""NVML, NVIDIA's management library: start it, stop it, and classify its errors.

NVIDIA's binding ``pynvml`` finds the library and declares its functions. Importing ``pynvml`` takes
4 MB of memory, so import this module only if there is a driver. The functions and error codes:
https://docs.nvidia.com/deploy/nvml-api/
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeAlias

import pynvml

from telemetry.errors import SensorAbsentError, SensorFailedError

Handle: TypeAlias = Any
"""NVML's handle for a GPU, valid until NVML is shut down."""

# Errors that mean that a value is not available to us. Other calls for the GPU still work.
NOT_REPORTED = frozenset(
    {
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_NO_PERMISSION,  # some values only root or a virtual GPU's host may read
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        pynvml.NVML_ERROR_NO_DATA,
        pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
        pynvml.NVML_ERROR_DEPRECATED,
    }
)

# Errors with which a driver rejects a call that it does not support, or no longer supports. Under
# WSL, the error may be "unknown".
_CALL_UNKNOWN = frozenset(
    {
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_DEPRECATED,
        pynvml.NVML_ERROR_UNKNOWN,
    }
)

# Errors after which every other call for the GPU fails, too.
DEVICE_GONE = frozenset({pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED})
_DEVICE_PROBLEMS = {
    pynvml.NVML_ERROR_GPU_IS_LOST: (
        "is lost and no longer answers on its bus: look for Xid 79 in the kernel log and reboot"
    ),
    pynvml.NVML_ERROR_RESET_REQUIRED: (
        "must be reset: end the processes on it, stop System Monitor, and run"
        " `nvidia-smi --gpu-reset -i {index}` as root, or reboot"
    ),
    pynvml.NVML_ERROR_INSUFFICIENT_POWER: "gets too little power: check its power cables",
    pynvml.NVML_ERROR_NO_PERMISSION: (
        "cannot be read by this user: allow reading and writing /dev/nvidia*"
    ),
}

# Errors of calls that concern all GPUs. They mean that the driver cannot be used.
_ABSENCES = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: (
        "The NVIDIA driver library was not found: this machine has no NVIDIA driver installed."
    ),
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: (
        "The NVIDIA driver is installed but not running: load its kernel module"
        " (modprobe nvidia) or reboot; if this is a container, start it with its GPUs"
        " (docker run --gpus all)."
    ),
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
        "The NVIDIA driver was updated and the running kernel module is older: reboot, or reload"
        " the module and restart System Monitor."
    ),
    pynvml.NVML_ERROR_NO_PERMISSION: (
        "The NVIDIA driver denies access to this user: allow reading and writing /dev/nvidia*, for"
        " instance by adding the user to the group `video`."
    ),
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: (
        "The NVIDIA driver is too old for System Monitor: update the driver."
    ),
    pynvml.NVML_ERROR_UNINITIALIZED: "NVML was shut down; it is started again after 30 s.",
}
NO_GPU = (
    "The NVIDIA driver is running but lists no GPU: check whether `nvidia-smi` lists a GPU, and"
    " look for the reason in the kernel log."
)


def explain_absence(error: pynvml.NVMLError) -> str:
    """Return a sentence that explains to the user why a call that concerns all GPUs failed."""
    return _ABSENCES.get(error.value) or (
        f"The NVIDIA driver does not work ({error}): run `nvidia-smi` and look at the kernel"
        " log; if this is a container, restarting it may help."
    )


def concerns_all(error: pynvml.NVMLError) -> bool:
    """Return whether ``error``, raised by a call for one GPU, means that no GPU can be read."""
    return error.value in _ABSENCES and error.value not in NOT_REPORTED


def explain_device_problem(error: pynvml.NVMLError, index: int) -> str:
    """Return why a GPU cannot be read, phrased to follow "GPU 1", such as "is lost"."""
    known = _DEVICE_PROBLEMS.get(error.value)
    return known.format(index=index) if known else f"does not answer ({error}): see the kernel log"


def first_known(handle: Handle, *calls: Callable[[Handle], Any]) -> Any:  # noqa: ANN401 - NVML's
    """Return the result of the first of ``calls`` that this driver supports.

    Raises NVMLError if that call fails, or if the driver supports none of the calls.
    """
    for call in calls[:-1]:
        try:
            return call(handle)
        except pynvml.NVMLError as error:
            if error.value not in _CALL_UNKNOWN:
                raise
    return calls[-1](handle)


class Nvml:
    """NVML, started by ``open`` and shut down by ``close``.

    Several objects of this class can be open at once: NVML shuts down when the last one is
    closed.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._started = False

    def open(self) -> None:
        """Start NVML. Raises SensorAbsentError if that fails; ``open`` can then be called again."""
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise SensorAbsentError(explain_absence(error)) from None
        self._started = True

    def close(self) -> None:
        """Shut NVML down. Safe to call twice, and before ``open``."""
        if self._started:
            self._started = False
            with contextlib.suppress(pynvml.NVMLError):
                pynvml.nvmlShutdown()

    def versions(self) -> dict[str, str]:
        """Return ``driver_version`` and ``nvml_version``, if NVML reports them."""
        versions = {}
        for name, function in (
            ("driver_version", pynvml.nvmlSystemGetDriverVersion),
            ("nvml_version", pynvml.nvmlSystemGetNVMLVersion),
        ):
            # pynvml decodes the text as UTF-8, which fails if it is something else.
            with contextlib.suppress(pynvml.NVMLError, UnicodeDecodeError):
                versions[name] = function()
        return versions

    def count(self) -> int:
        """Return the number of GPUs.

        Raises SensorAbsentError if there is no GPU or the driver can no longer be used. Raises
        SensorFailedError if the call fails for another reason; GPUs found earlier might still
        answer.
        """
        try:
            count: int = pynvml.nvmlDeviceGetCount()
        except pynvml.NVMLError as error:
            kind = SensorAbsentError if error.value in _ABSENCES else SensorFailedError
            raise kind(explain_absence(error)) from None
        if not count:
            raise SensorAbsentError(NO_GPU)
        return count
