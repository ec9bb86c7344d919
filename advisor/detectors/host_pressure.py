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
    """Tracks memory pressure, kills, file systems, the clock and the collector of one host."""

    kind: ClassVar[Kind] = Kind(
        "host_pressure",
        "The machine itself is in trouble: tasks wait for memory, it swaps continuously, the "
        "kernel kills processes, a file system fills up, its clock is wrong, or its collector is "
        "silent.",
        "`memory`: every task waits for memory during "
        f"{_USUAL['pressure']:g}% of the time for {host_memory.SECONDS / 60:g} min: `warning`, "
        f"from {_USUAL['critical']:g}% `critical`; or at least {_USUAL['swap']:g} MB/s are "
        "swapped in, and as much out, for as long, while some task waits for memory during "
        f"{host_memory.SWAPPING_PRESSURE:g}% of the time: `warning`. `oom`: the kernel has killed "
        f"a process because memory ran out: `critical`, for {_USUAL['kills']:g} min. "
        f"`filesystem-NAME`: at least {_USUAL['used']:g}% is in use and grows, by the rule of "
        f"`memory_growth`, by {filling.GROWTH:.0%} of the size, with no step of more than "
        f"{filling.LARGEST_STEP:.0%} of the growth: `info`, from "
        f"{filling.WARNING_SECONDS / 3600:g} h before it is full `warning`, from "
        f"{filling.CRITICAL_SECONDS / 60:g} min before `critical`; or less than "
        f"{filling.FULL_SHARE:.0%} and less than {filling.FULL_BYTES / 1e9:g} GB are free: "
        f"`warning`, or `critical` if the growth was reported before. `clock`: {_USUAL['clock']:g} "
        f"s off for {presence.CLOCK_TICKS} min, compared with most other hosts or with the "
        "advisor's machine, or set back by more than 5 min: `warning`. `collector`: silent for "
        f"{_USUAL['silent']:g} min after it disappeared: `warning`; after it was stopped: `info`. "
        f"The finding about pressure ends below {host_memory.END:.0%} of the threshold.",
        "a busy machine: full CPUs, RAM that is used as cache, pressure for a few seconds, pages "
        "that are swapped out once, checkpoints that replace each other, even before the first "
        "is replaced, a file system that has been nearly full for a long time",
        "Without pressure information (PSI) in the kernel, only swapping and kills are detected. "
        "Network file systems are not read. A download that fits is reported if it nearly fills "
        "the file system, because its final size is not known. A clock that was set forward looks "
        "like a gap. A collector counts as silent only if its status is offline; in a recording of "
        "this host alone, no time passes after that, so it is not reported.",
        "PSI: systemd-oomd kills at 60% and oomd at 10 to 15% of full pressure; the other values "
        "are our own, checked with the even seeds of `python -m tests.benchmarks.findings`",
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
