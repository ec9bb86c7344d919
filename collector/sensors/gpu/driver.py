"""The interface of GPU drivers: what the sensor needs from a vendor's library.

Values are named and measured as in the catalogue (`telemetry.catalogue.GPU` and `GPU_MIG`). Every
``clock`` returns monotonic time in seconds: a call to a driver may take a long time, so the time of
a counter is taken next to the call that reads it. A driver raises

- SensorAbsentError, with a sentence for the user, if none of its GPUs can be read on this machine;
- SensorFailedError, with such a sentence, if one call failed and others may still succeed.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias

_EMPTY: Mapping[str, str] = MappingProxyType({})

Clock: TypeAlias = Callable[[], float]
"""Returns monotonic time in seconds."""


class GpuProcess(NamedTuple):
    """A process on one GPU, or on one partition of it.

    ``kind`` is compute, graphics or mps, or several joined by ``+``. ``memory_used`` is in bytes,
    None if the driver does not report it. ``gpu_instance`` is None unless the GPU is partitioned.
    """

    pid: int
    kind: str
    memory_used: int | None
    gpu_instance: int | None


class GpuReading(NamedTuple):
    """The answer of one GPU to a read.

    ``values`` are keyed by field; a missing field is published as null. ``processes`` is None if
    the GPU does not report them. ``partitions`` are the values of each partition, by the driver's
    index.

    ``problem`` describes what is wrong: it follows the name of the GPU in a sentence and has no
    full stop, such as ``is lost: reboot``. ``not_reported`` maps each field that this GPU does not
    report to the driver's reason; such a field is not a ``problem``. ``answered`` is False if the
    GPU answered nothing at all.
    """

    values: Mapping[str, object]
    processes: Sequence[GpuProcess] | None = None
    partitions: Mapping[int, Mapping[str, object]] = MappingProxyType({})
    problem: str | None = None
    not_reported: Mapping[str, str] = _EMPTY
    answered: bool = True


class GpuDevice(Protocol):
    """One GPU. ``identify`` and ``read`` are called from the GPU's own thread; either may hang.

    The other members never block and may be used while a call hangs. ``name`` and ``uuid`` are None
    until the GPU has reported them, and stay known when it no longer answers.
    """

    @property
    def name(self) -> str | None:
        """The product name."""

    @property
    def uuid(self) -> str | None:
        """The driver's identifier of this GPU, unique across machines."""

    def identify(self, clock: Clock) -> None:
        """Ask for the name and the UUID. A GPU that does not answer is not an error here.

        Raises SensorAbsentError if the driver can no longer be used.
        """

    def read(self, clock: Clock) -> GpuReading:
        """Read the GPU once. A GPU that fails is a ``problem`` of the reading, not an error.

        Raises SensorAbsentError if the driver can no longer be used.
        """

    def unanswered(self) -> GpuReading:
        """Return a reading that contains only what identifies the GPU and its partitions."""


class GpuDriver(Protocol):
    """A vendor's driver. All methods are called from one thread; if a call hangs, the sensor hangs.

    ``vendor`` is a short lower-case name. ``details`` are facts for `system/status` while the
    driver is open, such as its version. ``reports_own_pids`` is true, while the driver is
    open, if its process ids are those that this process sees: in a container they may be the
    host's.
    """

    vendor: str
    details: Mapping[str, str] = _EMPTY
    reports_own_pids: bool = True

    def open(self) -> None:
        """Start the driver's library. It may be started again after ``close``.

        Raises SensorAbsentError, whose message gives the reason and what to do.
        """

    def devices(self) -> Sequence[GpuDevice]:
        """Return the available GPUs (at least one), always in the same order.

        The objects are the same each time, also after ``close`` and ``open``, until a GPU is added
        or removed. Raises SensorAbsentError if there is no GPU, and SensorFailedError if the GPUs
        could not be listed: the GPUs known so far may still answer.
        """

    def close(self) -> None:
        """Release the library. Safe to call twice, before ``open``, and after a failed ``open``."""


DriverFactory: TypeAlias = Callable[[Path], GpuDriver]
"""Returns a driver that is not open; the path is that of ``/proc``. Loads no vendor's library."""
