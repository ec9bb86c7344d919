"""The interface of the sensors: the methods that the collector calls."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Reading(NamedTuple):
    """The values of one channel; the runner adds the host, and the time at which ``read`` began."""

    channel: str
    values: Mapping[str, object]


class Sensor(Protocol):
    """Reads one metric family.

    A sensor is used by one thread at a time, and it does nothing before ``open``. While the sensor
    is open, ``details`` holds facts for `system/status`, such as a driver's version. A sensor whose
    ``may_wait`` is true may have to wait, for example for a driver, and is read after the others.

    Each method except ``close`` raises SensorAbsentError, with the reason, if there is nothing to
    read. If something could not be read, ``read`` yields the readings that succeeded, then raises
    SensorFailedError with the reason. Any other exception is a failure too. The runner counts
    failures and continues: it reads an open sensor again at the next tick, and it tries again later
    to open a sensor that is not open.
    """

    name: str
    may_wait: bool = False
    details: Mapping[str, str] = MappingProxyType({})

    def open(self) -> None:
        """Prepare to read; read the counters that the first rates are computed from."""

    def read(self) -> Iterable[Reading]:
        """Read the source once. This may block."""

    def describe(self) -> str:
        """Briefly describe the hardware that is read, such as ``2 disks: nvme0n1, sda``."""

    def close(self) -> None:
        """Release what ``open`` acquired. Safe to call twice, and before and after ``open``."""
