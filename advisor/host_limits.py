"""Finds which limits a host has reached: CPU cores, memory, disks or network. Pure."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from advisor.readings import Reading

ALL_CORES = 90.0  # % of all cores together
LEAST_RATE = 20.0  # MB/s: a lower rate never counts as a limit
# % of the time in which some task waits for I/O: with less, the disks are not at their limit.
DISK_PRESSURE = 10.0
# With each reading, the highest rate is multiplied by this, so that old peaks do not count forever.
FORGETTING = 0.999


class Limit(StrEnum):
    """A host limit; the value describes it.

    If several limits explain a stretch, the first one counts.
    """

    MEMORY = "every task waits for memory"
    IO = "every task waits for I/O"
    CORES = "all CPU cores are at their limit"
    DISK = "the disks read at nearly their highest rate so far"
    NETWORK = "the host receives data from the network at nearly the highest rate so far"
    PCIE = "the PCIe link is full"
    CORE = (
        "one CPU core is at its limit, perhaps because a single process loads the data or runs "
        "Python code"
    )


class HostLimits:
    """Counts the readings in which each limit, except ``PCIE``, was reached."""

    def __init__(self, thresholds: Mapping[str, float]) -> None:
        """Start with no readings; ``thresholds`` are the thresholds of ``input_bound``."""
        self._thresholds = thresholds
        self._readings: Counter[str] = Counter()
        self._reached: Counter[Limit] = Counter()
        self._highest = {"disk": LEAST_RATE, "network": LEAST_RATE}  # MB/s

    def note(self, reading: Reading) -> None:
        """Count a reading of ``cpu``, ``memory``, ``disk`` or ``network``."""
        family, values, limits = reading.family, reading.values, self._thresholds
        self._readings[family] += 1
        if family == "cpu":
            cores = values.get("per_core") or ()
            self._reached[Limit.CORE] += max(filter(None, cores), default=0) >= limits["core"]
            self._reached[Limit.CORES] += (values.get("utilization") or 0) >= ALL_CORES
        elif family == "memory":
            pressure = values.get("pressure_full") or 0
            self._reached[Limit.MEMORY] += pressure >= limits["pressure"]
        elif family == "disk":
            full, some = values.get("pressure_full") or 0, values.get("pressure_some")
            self._reached[Limit.IO] += full >= limits["pressure"]
            at_ceiling = self._is_at_ceiling(reading, "read_rate")
            waits = some is None or some >= DISK_PRESSURE
            self._reached[Limit.DISK] += at_ceiling and waits
        else:
            self._reached[Limit.NETWORK] += self._is_at_ceiling(reading, "download_rate")

    def _is_at_ceiling(self, reading: Reading, field: str) -> bool:
        rate = reading.values.get(field) or 0.0
        highest = max(self._highest[reading.family] * FORGETTING, rate, LEAST_RATE)
        self._highest[reading.family] = highest
        return rate > LEAST_RATE and rate >= self._thresholds["ceiling"] / 100 * highest

    def shares(self) -> dict[Limit, float]:
        """Return the share of readings in which each limit was reached, and reset the counts."""
        families = {
            Limit.MEMORY: "memory",
            Limit.IO: "disk",
            Limit.CORES: "cpu",
            Limit.DISK: "disk",
            Limit.NETWORK: "network",
            Limit.CORE: "cpu",
        }
        shares = {
            limit: self._reached[limit] / max(1, self._readings[family])
            for limit, family in families.items()
        }
        self._readings.clear()
        self._reached.clear()
        return shares
