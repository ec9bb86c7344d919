"""The interface of GPU drivers: what the sensor needs from a vendor's library.

Values have the names and units of the catalogue (`telemetry.catalogue.GPU` and `GPU_MIG`).
``identify`` and ``read`` are passed a ``clock``, not the current time, because a driver call can
take a long time. The driver calls ``clock`` immediately before or after it reads a counter. A
driver raises

- SensorAbsentError if none of its GPUs can be read on this machine;
- SensorFailedError if one call failed but others might succeed.

The message of either error is a sentence for the user.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias

_EMPTY: Mapping[str, str] = MappingProxyType({})

Clock: TypeAlias = Callable[[], float]
"""Returns monotonic time in seconds."""


class GpuProcess(NamedTuple):
    """A process on a GPU or on a GPU partition.

    ``kind`` is compute, graphics or mps, or several of these joined by ``+``. ``memory_used`` is in
    bytes, or None if the driver does not report it. ``gpu_instance`` is the id of the GPU instance
    (MIG) that the process uses, or None if the GPU is not partitioned.
    """

    pid: int
    kind: str
    memory_used: int | None
    gpu_instance: int | None


class GpuReading(NamedTuple):
    """The result of reading one GPU.

    ``values`` are keyed by field; a missing field is published as null. ``processes`` is None if
    the GPU does not report its processes. ``partitions`` maps the driver's index of each partition
    to the partition's values.

    ``problem`` describes what is wrong, without a full stop, such as ``is lost: reboot``. It
    completes a sentence that begins with the GPU's name. ``not_reported`` gives the driver's
    reason for each field that this GPU does not report; such a field is not a ``problem``.
    ``answered`` is False if the GPU did not answer at all.
    """

    values: Mapping[str, object]
    processes: Sequence[GpuProcess] | None = None
    partitions: Mapping[int, Mapping[str, object]] = MappingProxyType({})
    problem: str | None = None
    not_reported: Mapping[str, str] = _EMPTY
    answered: bool = True


class GpuDevice(Protocol):
    """One GPU.

    ``identify`` and ``read`` are called from a separate thread for each GPU, because these calls
    can hang. The other methods and the properties never block, so they can be used while a call
    hangs. ``name`` and ``uuid`` are None until the GPU has reported them; they keep their values
    if the GPU stops answering.
    """

    @property
    def name(self) -> str | None:
        """The product name."""

    @property
    def uuid(self) -> str | None:
        """The driver's identifier of this GPU, unique across machines."""

    def identify(self, clock: Clock) -> None:
        """Read the name and the UUID. Nothing is raised if the GPU does not answer.

        Raises SensorAbsentError if the driver can no longer be used.
        """

    def read(self, clock: Clock) -> GpuReading:
        """Read the GPU once.

        If the GPU fails, nothing is raised: the reading contains the ``problem``. Raises
        SensorAbsentError if the driver can no longer be used.
        """

    def unanswered(self) -> GpuReading:
        """Return a reading that only identifies the GPU and its partitions."""


class GpuDriver(Protocol):
    """A vendor's driver. All methods are called from one thread; if a call hangs, the sensor hangs.

    ``vendor`` is a short lower-case name. ``details`` and ``reports_own_pids`` are valid only
    while the driver is open. ``details`` are facts for `system/status`, such as the driver's
    version. ``reports_own_pids`` is true if the process ids that the driver reports are valid in
    this process's PID namespace. It is false in a container if the driver reports the host's
    process ids.
    """

    vendor: str
    details: Mapping[str, str] = _EMPTY
    reports_own_pids: bool = True

    def open(self) -> None:
        """Start the driver's library. ``open`` may be called again after ``close``.

        Raises SensorAbsentError, with the reason and what to do, if the library cannot be started.
        """

    def devices(self) -> Sequence[GpuDevice]:
        """Return the available GPUs (at least one), always in the same order.

        Each call returns the same objects, even after ``close`` and ``open``, until a GPU is added
        or removed. Raises SensorAbsentError if there is no GPU. Raises SensorFailedError if the
        GPUs could not be listed; the GPUs listed earlier might still answer.
        """

    def close(self) -> None:
        """Release the library. Safe to call twice, before ``open``, and after a failed ``open``."""


DriverFactory: TypeAlias = Callable[[Path], GpuDriver]
"""Takes the path of ``/proc`` and returns an unopened driver, without loading a library."""
