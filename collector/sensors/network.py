"""Reads the network rates; each byte sent or received is counted only once.

The module ``interfaces`` chooses the interfaces to count. The field ``per_interface`` lists only
these interfaces, so its rows add up to the totals, and the veths of short-lived containers
do not fill the history.
"""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from collector.sensors.files import KernelFile
from collector.sensors.interfaces import counted_interfaces, read_interfaces
from collector.sensors.names import decoded, shown
from collector.sensors.port import Reading, Sensor
from collector.sensors.rates import Counters, DeviceRates, Rate, as_values, total
from collector.sensors.registry import register
from telemetry.catalogue import NETWORK
from telemetry.errors import SensorAbsentError

_RATES = ("upload_rate", "download_rate")


def parse_net_dev(text: bytes) -> dict[str, tuple[int, int]]:
    """Return (bytes sent, bytes received) of each interface in ``/proc/net/dev``.

    See https://man7.org/linux/man-pages/man5/proc_pid_net.5.html for the fields.
    """
    counters = {}
    for line in text.splitlines()[2:]:
        name, _, rest = line.rpartition(b":")
        fields = rest.split(None, 9)
        counters[decoded(name.strip())] = int(fields[8]), int(fields[0])
    return counters


@register
class NetworkSensor(Sensor):
    """Reads the rates of the counted interfaces."""

    name = NETWORK.name

    def __init__(
        self,
        proc: Path = Path("/proc"),
        sysfs: Path = Path("/sys"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``clock`` returns the monotonic time in seconds."""
        self._proc = proc
        self._net_dev = KernelFile(proc / "net" / "dev")
        self._sysfs = sysfs
        self._devices = DeviceRates(self._counters, self._choose, clock)

    def open(self) -> None:
        """Read the counters, so that the first reading can compute rates.

        Raises SensorAbsentError if there is no /proc/net/dev, or no interface except loopback.
        """
        self.close()
        self._net_dev = KernelFile(self._find_counters())
        self._rates()

    def read(self) -> Iterable[Reading]:
        """Return the rates since the previous reading; raises SensorAbsentError like ``open``."""
        rates = self._rates()
        counted = self._devices.counted
        per_interface = {counted[name]: as_values(rate, _RATES) for name, rate in rates.items()}
        totals = as_values(total(rates.values()), _RATES)
        return [Reading(NETWORK.channel, {**totals, "per_interface": per_interface})]

    def describe(self) -> str:
        """Return how many interfaces are counted, and their names."""
        counted = sorted(self._devices.counted.values())
        return f"{len(counted)} interface{'s' * (len(counted) != 1)}: {', '.join(counted)}"

    def close(self) -> None:
        """Discard the counters and the interfaces, and close the file."""
        self._net_dev.close()
        self._devices.clear()

    def _rates(self) -> dict[str, Rate | None]:
        rates = self._devices.rates()
        if not rates:
            raise SensorAbsentError("This machine has no network interface except loopback.")
        return rates

    def _counters(self) -> Counters:
        if sys.platform != "linux":
            from collector.sensors import portable  # noqa: PLC0415 - Linux can do without psutil

            return portable.network_counters()
        try:
            return parse_net_dev(self._net_dev.read())
        except FileNotFoundError:
            raise SensorAbsentError("This kernel or sandbox has no /proc/net/dev.") from None

    def _find_counters(self) -> Path:
        """Return the file with the counters of all interfaces that ``/sys`` lists.

        A container that monitors the host has the host's ``/sys`` and PID namespace, but its own
        ``/proc/net/dev`` contains only the container's interfaces. In such a container, this
        function returns the file of process 1, the host's first process. Elsewhere, it returns
        ``/proc/net/dev``.
        """
        own, first = self._proc / "net" / "dev", self._proc / "1" / "net" / "dev"
        with suppress(OSError):
            shown = {
                each.name for each in (self._sysfs / "class" / "net").iterdir() if each.is_dir()
            }
            if shown - parse_net_dev(own.read_bytes()).keys():
                first.read_bytes()
                return first
        return own

    def _choose(self, names: Iterable[str]) -> Mapping[str, str]:
        if sys.platform == "linux":
            names = counted_interfaces(read_interfaces(names, self._sysfs))
        return {name: shown(name) for name in names}
