"""What a sensor does."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Reading(NamedTuple):
    """The values of one channel; the runner adds host and timestamp."""

    channel: str
    values: Mapping[str, object]


class Sensor(Protocol):
    """Reads one metric family. Used by one thread at a time; inert until ``open``.

    ``details`` are facts for `system/status`, such as a driver's version, while it is open.

    Each method but ``close`` raises SensorAbsentError, with the reason, if there is none to read.
    ``read`` raises SensorFailedError, with the reason, after it has yielded the readings that
    succeeded. Any other exception is a failure too. The runner counts failures and continues: it
    reads again at the next tick, and opens a sensor that is not open again after a while.
    """

    name: str
    details: Mapping[str, str] = MappingProxyType({})

    def open(self) -> None:
        """Get ready; take the counters that the first rates are differences to."""

    def read(self) -> Iterable[Reading]:
        """Read the source once. May block."""

    def describe(self) -> str:
        """Say in a few words what is read here, such as ``2 disks: nvme0n1, sda``."""

    def close(self) -> None:
        """Let go of what ``open`` took. Safe to call twice, before and after a failed ``open``."""
