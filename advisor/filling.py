"""Detects which file systems of a host are filling up. Pure."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from advisor.detectors.model import Ledger
from advisor.findings import Evidence, Expected, Finding, Measure, Severity
from advisor.growth import Growth
from advisor.memory_series import MemorySeries
from advisor.readings import Reading, duration

GROWTH = 0.03  # of the size: less growth is not a trend
# Of the growth. A run that keeps only its newest checkpoints stops growing after a few large steps.
LARGEST_STEP = 0.1
FULL_SHARE, FULL_BYTES = 0.01, 5e9  # a file system is full if less than both is free
MOST = 64  # file systems of a host; a limit, because any client can publish made-up ones
CRITICAL_SECONDS, WARNING_SECONDS = 15 * 60.0, 24 * 3600.0  # before it is full
_LONGEST_NAME = 40  # characters of a subject
_GIGABYTE = 1e9
_ADVICE = "Delete old checkpoints and caches, or write to another file system."


@dataclass(slots=True)
class _Series:
    subject: str
    used: MemorySeries = field(
        default_factory=lambda: MemorySeries("", -math.inf, largest_step=LARGEST_STEP)
    )
    full: bool = False


class Filesystems:
    """Tracks how full the file systems are; ``limits`` are the thresholds of ``host_pressure``."""

    def __init__(self, ledger: Ledger, limits: Mapping[str, float]) -> None:
        """Start with an empty state."""
        self._ledger, self._least = ledger, limits["used"] / 100
        self._series: dict[str, _Series] = {}

    def feed(self, reading: Reading) -> Iterator[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        sizes = reading.values.get("filesystems") or {}
        for mount, size in sizes.items():
            used, total = size.get("used"), size.get("total")
            if used is None or not total:
                continue
            series = self._series.get(mount)
            if series is None:
                if len(self._series) >= MOST:
                    continue
                series = self._series[mount] = _Series(subject_of(mount))
            yield from self._judge(reading, mount, series, used, total)
        for mount in self._series.keys() - sizes.keys():
            yield from self._ledger.end(self._series.pop(mount).subject, reading.timestamp)

    def _judge(
        self, reading: Reading, mount: str, series: _Series, used: float, total: float
    ) -> Iterable[Finding]:
        free, least = total - used, min(FULL_SHARE * total, FULL_BYTES)
        was_full, series.full = series.full, free < (2 * least if series.full else least)
        growth = self._growth(reading, series, used, total)
        if series.full and not was_full:
            return self._full(reading, mount, series, free)
        if growth is not None and not series.full:
            return self._filling(reading, mount, series, growth)
        if series.full or series.used.found is not None:
            return ()
        return self._ledger.end(series.subject, reading.timestamp)

    def _growth(
        self, reading: Reading, series: _Series, used: float, total: float
    ) -> Growth | None:
        """Return the growth of the used space, or None if there is none to report."""
        if not series.used.add(reading.timestamp / 1000, used, total) or series.used.has_ended():
            return None
        if used < self._least * total:
            return None
        found = series.used.growth(GROWTH * total)
        if found is not None:
            series.used.accept(found)
        return found

    def _full(
        self, reading: Reading, mount: str, series: _Series, free: float
    ) -> Iterable[Finding]:
        """Report a full file system: ``critical`` if its growth was reported, else ``warning``."""
        now = reading.timestamp
        seen = series.subject in self._ledger
        return self._ledger.report(
            reading,
            series.subject,
            Severity.CRITICAL if seen else Severity.WARNING,
            f"Host: the file system {mount} is almost full: only {free / _GIGABYTE:.1f} GB is free",
            Evidence(now, now, {"free": Measure(round(free / _GIGABYTE, 2), "GB")}),
            advice=_ADVICE,
        )

    def _filling(
        self, reading: Reading, mount: str, series: _Series, found: Growth
    ) -> Iterable[Finding]:
        left, rate = found.left, found.rate.likely * 3600 / _GIGABYTE
        severity = Severity.WARNING if left.likely <= WARNING_SECONDS else Severity.INFO
        return self._ledger.report(
            reading,
            series.subject,
            Severity.CRITICAL if left.likely <= CRITICAL_SECONDS else severity,
            f"Host: the file system {mount} is filling up at {rate:,.1f} GB/h, and "
            f"will be full in {duration(left.low, left.high)}",
            Evidence(
                round(found.start * 1000),
                round(found.end * 1000),
                {
                    "growth": Measure(round(found.size / _GIGABYTE, 1), "GB"),
                    "rate": Measure(round(rate, 1), "GB/h"),
                    "size": Measure(round(series.used.limit / _GIGABYTE), "GB"),
                },
            ),
            advice=_ADVICE,
            expected=Expected(*(round((found.end + seconds) * 1000) for seconds in left)),
        )


def subject_of(mount: str) -> str:
    """Return the subject of findings about ``mount``, such as ``filesystem-home``."""
    name = mount.strip("/").replace("/", "-") or "root"
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", name)[-_LONGEST_NAME:]
    exact = "" if plain == name else f"-{crc32(mount.encode('utf-8', 'replace')):08x}"
    return f"filesystem-{plain}{exact}"
