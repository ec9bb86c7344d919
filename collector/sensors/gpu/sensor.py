"""Reads all GPUs, their partitions (such as MIG instances), and the processes that use the GPUs.

A GPU that fails or hangs does not prevent the other GPUs from being read. If a GPU does not answer,
all fields of its reading are null, except those that identify the GPU. ``read`` yields the
readings of all GPUs, then raises SensorFailedError if a GPU or a driver failed. A failed driver
does not affect the GPUs of other drivers.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from collector.sensors.gpu.driver import DriverFactory
from collector.sensors.gpu.drivers import DRIVERS
from collector.sensors.gpu.session import DriverSession
from collector.sensors.port import Reading, Sensor
from collector.sensors.registry import register
from telemetry.catalogue import GPU, GPU_MIG, gpu_channel, mig_channel, processes_channel
from telemetry.errors import SensorAbsentError, SensorFailedError

if TYPE_CHECKING:
    from collector.sensors.gpu.processes import ProcessTable
    from collector.sensors.gpu.thread import GpuThread

_PATIENCE_SECONDS = 2.0  # a sleeping GPU takes a second to wake up
_NULLS = dict.fromkeys(field.name for field in GPU.fields)
_PARTITION_NULLS = dict.fromkeys(field.name for field in GPU_MIG.fields)


@register
class GpuSensor(Sensor):
    """Reads the GPUs of all drivers; the sensor is absent if no driver has a GPU."""

    name = GPU.name
    may_wait = True

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        proc: Path = Path("/proc"),
        patience: float = _PATIENCE_SECONDS,
        drivers: Sequence[DriverFactory] = DRIVERS,
    ) -> None:
        """Open nothing yet.

        ``clock`` returns the monotonic time in seconds. A reading waits up to ``patience`` seconds
        for the GPUs to answer.
        """
        self.details: Mapping[str, str] = {}
        self._clock = clock
        self._patience = patience
        ids = itertools.count()
        self._sessions = [
            DriverSession(partial(make, proc), ids, clock, patience) for make in drivers
        ]
        self._processes: ProcessTable | None = None

    def open(self) -> None:
        """Start the drivers and find the GPUs.

        Raises SensorAbsentError if every driver is absent or has no GPU, and SensorFailedError if
        no GPU was found and a driver failed.
        """
        self.close()
        self._refresh()
        self._require_gpus()
        # psutil takes 2 MB of memory, so only a machine with a GPU loads it.
        from collector.sensors.gpu.processes import ProcessTable  # noqa: PLC0415

        self._processes = ProcessTable(self._clock)

    def read(self) -> Iterable[Reading]:
        """Yield the readings of each GPU, its processes and its partitions.

        Raises SensorFailedError after the last reading if a GPU or a driver has a problem, and
        SensorAbsentError if every driver has become absent or has no GPU left.
        """
        if self._processes is None:
            raise RuntimeError("the sensor has not been opened")
        self._refresh()
        yield from self._readings(self._processes)
        self._require_gpus()
        problems = [*self._driver_problems(), *(g.problem for g in self._gpus() if g.problem)]
        if problems:
            raise SensorFailedError(" ".join(problems))

    def describe(self) -> str:
        """Return the number of GPUs and their models, such as ``1 GPU: NVIDIA L4``."""
        gpus = self._gpus()
        models = Counter(gpu.device.name or "unknown" for gpu in gpus)
        listed = ", ".join(
            f"{model} ×{count}" if count > 1 else model  # noqa: RUF001 - a sign for people
            for model, count in models.items()
        )
        return f"{len(gpus)} GPU{'s' * (len(gpus) != 1)}: {listed}"

    def close(self) -> None:
        """Close the drivers. After the next ``open``, the GPUs have the same ids again."""
        self.details = {}
        self._processes = None
        for session in self._sessions:
            session.close()

    def _gpus(self) -> "list[GpuThread]":
        return [gpu for session in self._sessions for gpu in session.gpus]

    def _driver_problems(self) -> list[str]:
        return [session.problem for session in self._sessions if session.problem]

    def _refresh(self) -> None:
        details: dict[str, str] = {}
        for session in self._sessions:
            session.refresh()
            for name, value in session.details.items():
                details[f"{session.vendor}_{name}" if name in details else name] = value
        self.details = details

    def _require_gpus(self) -> None:
        if any(session.gpus for session in self._sessions):
            return
        self.details = {}
        absences = [session.absence for session in self._sessions if session.absence]
        if len(absences) == len(self._sessions):
            raise SensorAbsentError(" ".join(absences))
        raise SensorFailedError(" ".join(self._driver_problems()))

    def _readings(self, processes: "ProcessTable") -> Iterable[Reading]:
        deadline = time.monotonic() + self._patience
        for session, gpu in self._by_answer(deadline):
            if gpu not in session.gpus:  # its driver was suspended in this loop
                continue
            try:
                reading = gpu.result(deadline) or gpu.device.unanswered()
            except SensorAbsentError as absence:
                session.suspend(absence)
                continue
            values = {**_NULLS, **reading.values, "vendor": session.vendor}
            yield Reading(gpu_channel(gpu.id), values)
            listed = processes.values(reading.processes, own_pids=session.reports_own_pids)
            yield Reading(processes_channel(gpu.id), listed)
            for index, each in reading.partitions.items():
                yield Reading(mig_channel(gpu.id, index), {**_PARTITION_NULLS, **each})
        processes.end_tick()

    def _by_answer(self, deadline: float) -> "Iterable[tuple[DriverSession, GpuThread]]":
        """Start reading all GPUs, and yield each GPU as soon as it has answered.

        GPUs that have not answered by ``deadline`` are yielded last, so a GPU that hangs does not
        delay the readings of the other GPUs.
        """
        answered: SimpleQueue[tuple[DriverSession, GpuThread]] = SimpleQueue()
        missing = [(session, gpu) for session in self._sessions for gpu in session.gpus]
        for each in missing:
            gpu = each[1]
            gpu.submit(partial(gpu.device.read, self._clock), partial(answered.put, each))
        with suppress(Empty):
            for _ in list(missing):
                each = answered.get(timeout=max(0.0, deadline - time.monotonic()))
                missing.remove(each)
                yield each
        yield from missing
