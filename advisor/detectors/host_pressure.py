"""``host_pressure``: problems with the machine's memory, file systems, clock or collector."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import ClassVar

from advisor import filling, host_memory, presence
from advisor.detectors.model import DEFAULTS, Kind, Ledger
from advisor.filling import Filesystems
from advisor.findings import Finding
from advisor.host_memory import HostMemory
from advisor.presence import Presence
from advisor.readings import Reading
from telemetry.catalogue.thresholds import effective

_USUAL = effective("host_pressure", {})


class HostPressure:
    """Tracks one host's memory pressure, killed processes, file systems, clock and collector."""

    kind: ClassVar[Kind] = Kind(
        "host_pressure",
        "The machine itself has a problem: tasks wait for memory, the machine swaps continuously, "
        "the kernel kills processes, a file system fills up, the clock is wrong, or the collector "
        "is silent.",
        "Subject `memory`: a finding begins if one of two conditions holds for "
        f"{host_memory.SECONDS / 60:g} min. It ends once the pressure and the swapping are below "
        f"{host_memory.END:.0%} of their thresholds.\n"
        "- All tasks wait for memory simultaneously during at least "
        f"{_USUAL['pressure']:g}% of the time (`warning`; with at least {_USUAL['critical']:g}%, "
        "`critical`).\n"
        f"- At least {_USUAL['swap']:g} MB/s is swapped in, at least {_USUAL['swap']:g} MB/s is "
        "swapped out, and one or more tasks wait for memory during at least "
        f"{host_memory.SWAPPING_PRESSURE:g}% of the time (`warning`). On a host that does not "
        "report memory pressure, the swapping is enough.\n"
        "Subject `oom`: the kernel has killed a process because memory ran out (`critical`). The "
        f"finding ends after {_USUAL['kills']:g} min without another kill.\n"
        "Subject `filesystem-NAME`: a file system is filling up, and at least "
        f"{_USUAL['used']:g}% of it is in use.\n"
        "- The growth must meet the conditions of `memory_growth`, but with two other limits: it "
        f"must amount to at least {filling.GROWTH:.0%} of the file system's size, and no single "
        f"step may exceed {filling.LARGEST_STEP:.0%} of the growth.\n"
        "- The finding is `critical` if the file system will probably be full within "
        f"{filling.CRITICAL_SECONDS / 60:g} min, a `warning` if it will probably be full within "
        f"{filling.WARNING_SECONDS / 3600:g} h, and otherwise an `info`.\n"
        f"- A file system is also reported once less than {filling.FULL_SHARE:.0%} of it, and less "
        f"than {filling.FULL_BYTES / 1e9:g} GB, is free (`warning`, or `critical` if the growth "
        "was reported before).\n"
        f"Subject `clock` (`warning`): for {presence.CLOCK_TICKS} min, the host's clock has "
        f"differed by at least {_USUAL['clock']:g} s from the median clock of the hosts that "
        "publish. With fewer than three such hosts, the clock of the advisor's machine is used "
        "instead of the median. A clock that was set back by more than 5 min is also reported.\n"
        f"Subject `collector`: the collector has been silent for {_USUAL['silent']:g} min. The "
        "finding is an `info` if the collector was stopped, and a `warning` if it disappeared "
        "without being stopped.",
        "a machine whose CPUs are busy\n"
        "RAM that is used as cache\n"
        "pressure for a few seconds\n"
        "pages that are swapped out once\n"
        "a run that keeps only its newest checkpoints, even "
        "before it deletes the first\n"
        "a file system that has been nearly full for a long time",
        "If the kernel provides no pressure information (PSI), memory problems are detected only "
        "from swapping and kills.\n"
        "Network file systems are not read. "
        "A download that nearly fills "
        "the file system is reported even if it will fit, because its final size is not known.\n"
        "A clock that is set forward looks like a gap between samples, so the step itself is not "
        "reported.\n"
        "A collector counts as silent only if its status is offline. "
        "In a recording of a "
        "single host, time ends with the host's last message, so its silence is not reported.",
        "the memory pressure: by default, systemd-oomd kills processes if all tasks wait during "
        "60% of the time, so the thresholds are lower; the other values are our own, checked "
        "with the even seeds of `python -m tests.benchmarks.findings`",
    )
    families: ClassVar[Collection[str]] = frozenset(
        {"memory", "disk", "status", "silence", "clock"}
    )

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with an empty state."""
        self._limits = effective(self.kind.name, thresholds)
        self._begin()

    def _begin(self) -> None:
        self._ledger = Ledger(self.kind.name)
        self._memory = HostMemory(self._ledger, self._limits)
        self._filesystems = Filesystems(self._ledger, self._limits)
        self._presence = Presence(self._ledger, self._limits)

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        found = self._judge(reading)
        if reading.family != "memory":
            return found
        return (*found, *self._presence.time(reading))

    def _judge(self, reading: Reading) -> Iterable[Finding]:
        match reading.family:
            case "memory":
                return self._memory.feed(reading)
            case "disk":
                return self._filesystems.feed(reading)
            case "status":
                return self._presence.status(reading)
            case "silence":
                return self._presence.silence(reading)
            case _:
                return self._presence.clock(reading)

    def forget(self, subject: str, timestamp: int) -> Iterator[Finding]:
        """End all findings if ``subject`` is the host."""
        if subject == "host":
            ended = self._ledger
            self._begin()
            for each in ended.subjects():
                yield from ended.end(each, timestamp)
