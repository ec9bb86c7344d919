"""NVIDIA's driver, through NVML (libnvidia-ml), the management library that comes with it.

NVML's indices follow the order of the PCI bus; NVML ignores ``CUDA_VISIBLE_DEVICES``. Importing
this module loads neither the library nor its Python binding ``pynvml``.
"""

import ctypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from collector.sensors.gpu.driver import GpuDriver
from telemetry.errors import SensorAbsentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collector.sensors.gpu.nvml.device import NvmlDevice
    from collector.sensors.gpu.nvml.library import Nvml

_LIBRARY = "libnvidia-ml.so.1"


class NvmlDriver(GpuDriver):
    """The GPUs that NVML lists."""

    vendor = "nvidia"

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Load nothing yet; ``proc`` is read to detect a container with its own process ids."""
        self.details: Mapping[str, str] = {}
        self.reports_own_pids = True
        self._proc = proc
        self._nvml: Nvml | None = None
        self._devices: Sequence[NvmlDevice] = ()

    def open(self) -> None:
        """Start NVML."""
        self.close()
        _require_library()
        # pynvml takes 4 MB of memory, so it is loaded only on a machine that has the driver.
        from collector.sensors.gpu.nvml.library import Nvml  # noqa: PLC0415
        from collector.sensors.gpu.nvml.processes import reports_own_pids  # noqa: PLC0415

        self._nvml = Nvml()
        self._nvml.open()
        self.details = self._nvml.versions()
        self.reports_own_pids = reports_own_pids(self._proc)

    def devices(self) -> "Sequence[NvmlDevice]":
        """Return one device per NVML index."""
        if self._nvml is None:
            raise RuntimeError("the driver has not been opened")
        count = self._nvml.count()
        if count != len(self._devices):
            from collector.sensors.gpu.nvml.device import NvmlDevice  # noqa: PLC0415 - as above

            # When a GPU is added or removed, the indices of other GPUs change.
            self._devices = [NvmlDevice(index) for index in range(count)]
        return self._devices

    def close(self) -> None:
        """Shut NVML down, which invalidates all its handles."""
        self.details = {}
        if self._nvml is not None:
            self._nvml.close()
            self._nvml = None
        for device in self._devices:
            device.forget_handle()


def _require_library() -> None:
    # pynvml would raise an error too, but only after it has been imported.
    if sys.platform == "win32":  # the library has a different name and path there
        return
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        reason = str(error)
        if (
            _LIBRARY not in reason or "no such file" not in reason.lower()
        ):  # macOS writes "no such file" in lower case
            raise SensorAbsentError(
                f"The NVIDIA driver library cannot be loaded ({error}): reinstall the driver."
            ) from None
        raise SensorAbsentError(
            f"The NVIDIA driver library ({_LIBRARY}) was not found: this machine has no NVIDIA"
            " driver installed, or this container was started without its GPUs"
            " (start it with `docker run --gpus all`)."
        ) from None
