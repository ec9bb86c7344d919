"""``host_pressure``: problems of the machine's memory, file systems, clock or collector."""

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
    """Tracks the memory pressure, kills, file systems, clock and collector of one host."""

    kind: ClassVar[Kind] = Kind(
        "host_pressure",
        "The machine itself has a problem: tasks wait for memory, the machine swaps continuously, "
        "the kernel kills processes, a file system fills up, the clock is wrong, or the collector "
        "is silent.",
        f"Subject `memory`: for {host_memory.SECONDS / 60:g} min, every task waits for memory "
        f"during at least {_USUAL['pressure']:g}% of the time (`warning`; from "
        f"{_USUAL['critical']:g}% `critical`), or at least {_USUAL['swap']:g} MB/s is swapped in "
        "and as much is swapped out while some task waits for memory during at least "
        f"{host_memory.SWAPPING_PRESSURE:g}% of the time (`warning`). The finding ends once the "
        f"pressure and the swapping are below {host_memory.END:.0%} of their thresholds. Subject "
        "`oom`: the kernel has killed a process because memory ran out (`critical`). The finding "
        f"ends after {_USUAL['kills']:g} min without another kill. Subject `filesystem-NAME`: at "
        f"least {_USUAL['used']:g}% of a file system is in use, and its use has grown by at least "
        f"{filling.GROWTH:.0%} of the size, as `memory_growth` defines growth, with no single step "
        f"of more than {filling.LARGEST_STEP:.0%} of the growth (`info`; `warning` from "
        f"{filling.WARNING_SECONDS / 3600:g} h and `critical` from "
        f"{filling.CRITICAL_SECONDS / 60:g} min before the file system is full), or less than "
        f"{filling.FULL_SHARE:.0%} and less than {filling.FULL_BYTES / 1e9:g} GB are free "
        "(`warning`, or `critical` if the growth was reported before). Subject `clock` "
        f"(`warning`): for {presence.CLOCK_TICKS} min, the clock has been at least "
        f"{_USUAL['clock']:g} s ahead of or behind most other hosts (with fewer than three hosts: "
        "ahead of or behind the advisor's machine), or the clock was set back by more than 5 min. "
        "Subject `collector`: the collector has been silent for "
        f"{_USUAL['silent']:g} min, after it disappeared (`warning`) or was stopped (`info`).",
        "a busy machine with full CPUs; RAM that is used as cache; pressure for a few seconds; "
        "pages that are swapped out once; a run that keeps only its newest checkpoints, even "
        "before it deletes the first; a file system that has been nearly full for a long time",
        "If the kernel provides no pressure information (PSI), memory problems are detected only "
        "from swapping and kills. Network file systems are not read. A download that nearly fills "
        "the file system is reported even if it will fit, because its final size is not known. A "
        "clock that is set forward looks like a gap between samples, so the step itself is not "
        "reported. A collector counts as silent only if its status is offline. In a recording of "
        "this host alone, no time passes after the last message, so the silence is not reported.",
        "PSI: systemd-oomd kills processes at 60% of full pressure, and oomd at 10 to 15%; the "
        "other values are our own, checked with the even seeds of "
        "`python -m tests.benchmarks.findings`",
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
