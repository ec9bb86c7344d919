"""A host's memory pressure, its swapping, and the processes that the kernel kills. Pure."""

from collections.abc import Iterable, Mapping

from advisor.detectors.model import MINUTE, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.readings import Reading
from advisor.smoothing import Held, Smoothed

SECONDS, READINGS = 180.0, 3  # the least time, and the fewest readings, of pressure to report
END = 0.25  # of the threshold at which a finding begins: below this, the finding ends
SMOOTHING = 30.0  # seconds
SWAPPING_PRESSURE = 5.0  # % of the time in which some task waits: if less, swapping is harmless
SUBJECT, KILL_SUBJECT = "memory", "oom"
_ADVICE = (
    "Find the processes that use the most memory (`ps aux --sort=-rss`). End them, or make them "
    "use less memory, with smaller batches or fewer data-loading workers."
)
_KILL_ADVICE = (
    "`journalctl -k --grep 'Out of memory|oom-kill'` shows the killed process, and whether the "
    "memory of the host or of a cgroup ran out."
)


class HostMemory:
    """Tracks the memory of one host; ``limits`` are the thresholds of ``host_pressure``."""

    def __init__(self, ledger: Ledger, limits: Mapping[str, float]) -> None:
        """Start with an empty state."""
        self._ledger, self._limits = ledger, limits
        self._full, self._some, self._in, self._out = (Smoothed(SMOOTHING) for _ in range(4))
        self._waits, self._hardly_works, self._swaps = Held(), Held(), Held()
        self._kills: float | None = None  # since boot, in the last reading
        self._killed, self._last_kill = 0.0, 0  # number since the finding began; newest, ms

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        return (*self._pressure(reading), *self._kill(reading))

    def _pressure(self, reading: Reading) -> Iterable[Finding]:
        now, values, limits = reading.timestamp / 1000, reading.values, self._limits
        full = self._full.add(now, values.get("pressure_full") or 0.0)
        some = self._some.add(now, values.get("pressure_some") or 0.0)
        swap = min(
            self._in.add(now, values.get("swap_in_rate") or 0.0),
            self._out.add(now, values.get("swap_out_rate") or 0.0),
        )
        known = values.get("pressure_some") is not None
        thrashing = swap >= limits["swap"] and (some >= SWAPPING_PRESSURE or not known)
        self._waits.note(now, holds=full >= limits["pressure"])
        self._hardly_works.note(now, holds=full >= limits["critical"])
        self._swaps.note(now, holds=thrashing)
        if self._waits.lasts(SECONDS, READINGS):
            worst = self._hardly_works.lasts(SECONDS, READINGS)
            return self._report(
                reading,
                self._waits.since,
                Severity.CRITICAL if worst else Severity.WARNING,
                f"Host: every task waits for memory {full:.0f}% of the time",
                {"pressure": Measure(round(full, 1), "%")},
            )
        if self._swaps.lasts(SECONDS, READINGS):
            return self._report(
                reading,
                self._swaps.since,
                Severity.WARNING,
                f"Host: memory is swapped continuously, {self._in.mean:.0f} MB/s in and "
                f"{self._out.mean:.0f} MB/s out",
                {"swapped": Measure(round(swap, 1), "MB/s")},
            )
        if full < END * limits["pressure"] and swap < END * limits["swap"]:
            return self._ledger.end(SUBJECT, reading.timestamp)
        return ()

    def _report(
        self,
        reading: Reading,
        since: float,
        severity: Severity,
        summary: str,
        numbers: Mapping[str, Measure],
    ) -> Iterable[Finding]:
        evidence = Evidence(round(since * 1000), reading.timestamp, numbers)
        return self._ledger.report(reading, SUBJECT, severity, summary, evidence, advice=_ADVICE)

    def _kill(self, reading: Reading) -> Iterable[Finding]:
        count, now = reading.values.get("oom_kills"), reading.timestamp
        if count is None:
            return ()
        new = count - (count if self._kills is None else self._kills)  # negative after a reset
        self._kills = count
        if new > 0:
            self._killed, self._last_kill = self._killed + new, now
            number = f"{self._killed:.0f} process{'es' * (self._killed > 1)}"
            return self._ledger.report(
                reading,
                KILL_SUBJECT,
                Severity.CRITICAL,
                f"Host: the kernel has killed {number} because memory ran out",
                Evidence(now, now, {"killed": Measure(self._killed, "processes")}),
                advice=_KILL_ADVICE,
            )
        if now - self._last_kill <= self._limits["kills"] * MINUTE:
            return ()
        self._killed = 0.0
        return self._ledger.end(KILL_SUBJECT, now)
