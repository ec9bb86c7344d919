"""The interface that every sensor implements: the methods that the collector calls."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Reading(NamedTuple):
    """The values of one channel.

    The sensor's worker adds the host and the time at which ``read`` began.
    """

    channel: str
    values: Mapping[str, object]


class Sensor(Protocol):
    """Reads one metric family.

    Only one thread at a time uses a sensor, which reads nothing until ``open`` is called. While
    the sensor is open, ``details`` holds facts for `system/status`, such as a driver's version. If
    ``may_wait`` is true, a reading may have to wait, for example for a driver, so the sensor is
    read after all sensors that do not wait.

    ``open`` and ``read`` raise SensorAbsentError, with the reason, if there is nothing to read. If
    something could not be read, ``read`` yields the readings that succeeded, then raises
    SensorFailedError with the reason. Any other exception counts as a failure, too. After a
    failure, an open sensor is read again at the next tick. A sensor that is absent or could
    not be opened is closed, and ``open`` is called again later.
    """

    name: str
    may_wait: bool = False
    details: Mapping[str, str] = MappingProxyType({})

    def open(self) -> None:
        """Prepare for readings.

        A sensor that computes rates from counters reads the counters here, so that its first
        reading already has rates.
        """

    def read(self) -> Iterable[Reading]:
        """Read the current values once. This may block."""

    def describe(self) -> str:
        """Briefly describe the hardware that is read, such as ``2 disks: nvme0n1, sda``."""

    def close(self) -> None:
        """Release what ``open`` acquired. Safe to call twice, and before ``open``."""
