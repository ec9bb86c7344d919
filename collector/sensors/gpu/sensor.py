"""NVIDIA GPUs, all that the driver shows, and the processes that use them.

``nvml.probes`` says which call gives which value.

A GPU that fails or hangs hides no other: its reading is all None but for its name and UUID, and
once every GPU has been read, SensorFailedError says what is wrong. ``CUDA_VISIBLE_DEVICES`` hides
nothing here: the ids are NVML's, in the order of the PCI bus.
"""

import ctypes
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from collector.sensors.port import Reading, Sensor
from telemetry.catalogue import GPU, gpu_channel, mig_channel, processes_channel
from telemetry.errors import SensorAbsentError, SensorFailedError

if TYPE_CHECKING:
    from collector.sensors.gpu.nvml.library import Nvml
    from collector.sensors.gpu.processes import ProcessTable
    from collector.sensors.gpu.thread import GpuThread

_LIBRARY = "libnvidia-ml.so.1"
_RESTART_SECONDS = 30.0
_PATIENCE_SECONDS = 2.0  # a GPU that was asleep takes a second to wake up


class GpuSensor(Sensor):
    """Reads every GPU. Where none answers any more, NVML is started anew now and then."""

    name = GPU.name

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        proc: Path = Path("/proc"),
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Read later; ``clock`` is monotonic; a GPU has ``patience`` seconds for its answer."""
        self._proc = proc
        self._patience = patience
        self.details: Mapping[str, str] = {}
        self._clock = clock
        self._nvml: Nvml | None = None
        self._processes: ProcessTable | None = None
        self._gpus: Sequence[GpuThread] = ()
        self._silent_since: float | None = None

    def open(self) -> None:
        """Start NVML and find the GPUs. Raises SensorAbsentError where there is none."""
        self.close()
        _require_library()
        # pynvml and psutil take 6 MB, which are for GPUs alone.
        from collector.sensors.gpu.nvml.library import Nvml  # noqa: PLC0415
        from collector.sensors.gpu.processes import ProcessTable  # noqa: PLC0415

        self._nvml = Nvml()
        self._nvml.open()
        self._processes = ProcessTable(self._proc, self._clock)
        self._processes.open()
        self._find_devices(self._nvml)
        self.details = self._nvml.versions()

    def read(self) -> Iterable[Reading]:
        """Yield for each GPU its reading, that of its processes, and those of its MIG instances.

        Raises SensorFailedError after the last if a GPU did not answer, and SensorAbsentError if
        the driver or the last GPU has gone.
        """
        if self._nvml is None or self._processes is None:
            raise RuntimeError("the sensor has not been opened")
        if self._have_been_silent():
            self._silent_since = None
            self._nvml.close()
            self._nvml.open()
        problems = []
        try:
            self._find_devices(self._nvml)
        except SensorFailedError as failure:
            problems.append(str(failure))
        yield from self._readings(self._processes)
        problems += [gpu.problem for gpu in self._gpus if gpu.problem]
        if problems:
            raise SensorFailedError(" ".join(problems))

    def _readings(self, processes: "ProcessTable") -> Iterable[Reading]:
        hanging = [gpu.busy for gpu in self._gpus]
        for gpu in self._gpus:
            gpu.ask(partial(gpu.device.read, self._clock()))
        deadline = time.monotonic() + self._patience
        for gpu, was_hanging in zip(self._gpus, hanging, strict=True):
            device = gpu.device
            values = gpu.answer(0 if was_hanging else deadline)
            yield Reading(gpu_channel(device.index), values or device.silence())
            listed = device.processes if values else None
            yield Reading(processes_channel(device.index), processes.values(listed))
            for instance, memory in device.mig.items():
                yield Reading(mig_channel(device.index, instance), memory)
        processes.end_tick()

    def describe(self) -> str:
        """Return how many GPUs there are, and which they are, such as ``1 GPU: NVIDIA L4``."""
        devices = [gpu.device for gpu in self._gpus]
        models = Counter(device.name or "unknown" for device in devices)
        listed = ", ".join(
            f"{model} ×{count}" if count > 1 else model  # noqa: RUF001 - a sign for people
            for model, count in models.items()
        )
        return f"{len(devices)} GPU{'s' * (len(devices) != 1)}: {listed}"

    def close(self) -> None:
        """Shut NVML down."""
        self.details = {}
        self._silent_since = None
        self._processes = None
        self._end_threads()
        if self._nvml is not None:
            self._nvml.close()
            self._nvml = None

    def _end_threads(self) -> None:
        for gpu in self._gpus:
            gpu.end()
        if self._nvml is not None and any(gpu.busy for gpu in self._gpus):
            self._nvml = None  # to shut it down under a call that hangs would hang too
        self._gpus = ()

    def _have_been_silent(self) -> bool:
        # A GPU that was reset, or lost for a while, may answer only to a new session.
        now = self._clock()
        if any(gpu.busy or gpu.device.answers for gpu in self._gpus):
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        return self._silent_since is not None and now - self._silent_since >= _RESTART_SECONDS

    def _find_devices(self, nvml: "Nvml") -> None:
        count = nvml.count()
        if count == len(self._gpus):
            return
        # One more or less moves the indices of the others: all are looked at anew.
        from collector.sensors.gpu.nvml.device import Device  # noqa: PLC0415
        from collector.sensors.gpu.thread import GpuThread  # noqa: PLC0415 - as Nvml

        for gpu in self._gpus:
            gpu.end()
        self._gpus = [GpuThread(Device(index)) for index in range(count)]
        for gpu in self._gpus:
            gpu.ask(partial(gpu.device.identify, self._clock()))
        deadline = time.monotonic() + self._patience
        for gpu in self._gpus:
            gpu.answer(deadline)


def _require_library() -> None:
    # pynvml would say so too, but only after it has been imported.
    if sys.platform == "win32":  # the library has another name and place there
        return
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        said = str(error)
        if _LIBRARY not in said or "no such file" not in said.lower():  # macOS writes it small
            raise SensorAbsentError(
                f"The NVIDIA driver library cannot be loaded ({error}): reinstall the driver."
            ) from None
        raise SensorAbsentError(
            f"The NVIDIA driver library ({_LIBRARY}) was not found: this machine has no NVIDIA"
            " driver installed, or this container was started without its GPUs"
            " (docker run --gpus all)."
        ) from None
