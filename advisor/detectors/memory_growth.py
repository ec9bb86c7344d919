"""``memory_growth``: memory in use grows steadily and will reach its limit."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

from advisor import growth
from advisor.detectors.model import DEFAULTS, Kind, Ledger
from advisor.findings import Evidence, Expected, Finding, Measure, Severity
from advisor.growth import Growth
from advisor.loads import Loads, Reads
from advisor.memory_series import MemorySeries
from advisor.readings import Reading, device_name, duration, process_name
from telemetry.catalogue.thresholds import effective

LISTED = 0.02  # of the memory: processes and runs that hold less are not tracked
EXPLAINED = 0.5  # of the memory in use: if processes or runs hold this much, only they are judged
Key: TypeAlias = str | tuple[int | None, int | None]  # a name, or the PID and start of a process
EMPTY = 0.05  # of a GPU's memory: if less is in use, no job runs on the GPU
_MEGABYTE = 1e6
_USUAL = effective("memory_growth", {})
_ADVICE = (
    "Save a checkpoint soon. Look for objects that are kept from step to step: losses summed "
    "without .item(), outputs collected in a list, or a growing cache."
)


class MemoryGrowth:
    """Tracks the memory use of GPUs, GPU processes, runs, the host and the job's cgroup."""

    kind: ClassVar[Kind] = Kind(
        "memory_growth",
        "The memory in use on a GPU, on a MIG instance, in RAM or in a job's cgroup grows steadily "
        "and will reach its limit. GPU memory is judged separately for each process if the driver "
        "lists the processes. RAM is judged separately for each run if the collector tracks runs. "
        "The subject of a finding about a run is `run-ID`, with the ID of the run.",
        "The detector examines recent stretches of 12 min to 102 h. In each stretch, it judges the "
        "floor of the memory in use: at any time, the floor is the memory that is not released "
        "later in the stretch.\n"
        "A finding begins if the floor rises by at least "
        f"{_USUAL['share']:g}% of the limit, and fast enough to reach the limit within "
        f"{growth.HORIZON:g} times the stretch's length.\n"
        "The rise must be statistically "
        f"significant (Mann-Kendall test, Z ≥ {growth.SIGNIFICANT}) and must not slow down much. "
        f"The floor must rise in at least {growth.GROWING_SEGMENTS} of {growth.SEGMENTS} equal "
        "parts of the stretch, including the last part. A part counts if it accounts for at least "
        f"{growth.EVEN_SHARE / growth.SEGMENTS:.0%} of the whole rise.\n"
        f"No single step may exceed {growth.LARGEST_STEP:.0%} of the rise.\n"
        "The rate of growth is the Theil-Sen slope. The confidence interval of the slope gives the "
        "earliest and the latest time at which the limit is reached.\n"
        "If the limit will probably be "
        f"reached within {_USUAL['critical']:g} min, the finding is `critical`. If the limit will "
        f"probably be reached within {_USUAL['warning']:g} h, the finding is a `warning`; "
        "otherwise, it is an `info`.\n"
        "The finding ends once the memory is "
        "released, the process or run ends, or the growth stops.",
        "growth during a warm-up\n"
        "memory use that rises and falls in a sawtooth above a constant "
        "base\n"
        "spikes during validation\n"
        "an allocator whose memory levels off\n"
        "a dataset that is read into RAM\n"
        "a sequence of jobs",
        f"A process or run may be warming up during its first {_USUAL['warm_up']:g} min, so a leak "
        "that fills the memory within this time is not reported.\n"
        "Memory that processes share, or that belongs to no run, is judged as a part of the host's "
        "RAM, without waiting for a warm-up to end. "
        "If the collector does not track runs, all RAM in use is "
        "judged in this way.\n"
        "If RAM grows by about as many bytes as are read at the same time, "
        "a dataset is probably being loaded. Such growth is not reported for up to 3 h, unless at "
        "least half as many bytes were read in an equally long time just before it. "
        "The growth is compared with the downloads of the host, and with the disk reads of all "
        "programs. "
        "If a run's own reads from storage are known, the growth of its memory is compared "
        "with these reads, instead of the disk reads of all programs.",
        "Mann 1945 and Kendall 1975 (the test), Sen 1968 (the slope); the thresholds were tuned on "
        "the even seeds of `python -m tests.benchmarks.findings`",
    )

    families: ClassVar[Collection[str]] = frozenset(
        {"gpu", "gpu_mig", "gpu_processes", "memory", "disk", "network"}
    )

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no series."""
        limits = effective(self.kind.name, thresholds)
        self._share, self._warm_up = limits["share"] / 100, limits["warm_up"] * 60
        self._warning, self._critical = limits["warning"] * 3600, limits["critical"] * 60
        self._ledger = Ledger(self.kind.name)
        self._series: dict[str, dict[Key, MemorySeries]] = {}  # by subject
        self._devices: dict[str, tuple[float, float]] = {}  # memory used and total, by GPU
        self._listed: dict[str, float] = {}  # memory of the listed processes, by GPU
        self._runs: dict[str, MemorySeries] = {}  # by subject
        self._reads: dict[str, Reads] = {}  # by subject; only runs that report the bytes read
        self._knows_runs = False
        self._loads = Loads()

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        match reading.family:
            case "gpu" | "gpu_mig":
                return self._device(reading)
            case "gpu_processes":
                return self._processes(reading)
            case "memory":
                return self._memory(reading)
            case "disk" | "network":
                self._loads.note(reading)
        return ()

    def forget(self, subject: str, timestamp: int) -> Iterator[Finding]:
        """Forget ``subject``, which is no longer read, and end its finding."""
        for known in (self._series, self._devices, self._listed):
            known.pop(subject, None)
        yield from self._ledger.end(subject, timestamp)
        if subject == "host":
            yield from self._end_runs(self._runs.keys(), timestamp)

    def _end_runs(self, subjects: Iterable[str], timestamp: int) -> Iterator[Finding]:
        for subject in list(subjects):
            del self._runs[subject]
            self._reads.pop(subject, None)
            yield from self._ledger.end(subject, timestamp)

    def _device(self, reading: Reading) -> Iterable[Finding]:
        used, total = reading.values.get("memory_used"), reading.values.get("memory_total")
        if used is None or not total or reading.values.get("memory_kind") == "unified":
            return ()  # unified memory is a part of the RAM, which is judged anyway
        subject, now = reading.subject, reading.timestamp / 1000
        self._devices[subject] = used, total
        if self._listed.get(subject, 0.0) >= EXPLAINED * used:
            return ()
        series = self._of(subject, "", "memory in use", now)
        if used < EMPTY * total:
            series.born = now
        return self._judge(reading, subject, series) if series.add(now, used, total) else ()

    def _processes(self, reading: Reading) -> Iterable[Finding]:
        subject, now = reading.subject, reading.timestamp / 1000
        used, total = self._devices.get(subject, (0.0, 0.0))
        series_of_gpu = self._series.setdefault(subject, {})
        listed, present, found = 0.0, set[Key]({""}), list[Finding]()
        for process in reading.values.get("processes") or ():
            memory = process.get("memory_used") or 0
            listed += memory
            if not memory >= LISTED * total > 0:
                continue
            key = process.get("pid"), process.get("started")
            present.add(key)
            series = series_of_gpu.get(key)
            if series is None:
                label = f"{process_name(process)} (PID {process.get('pid')})"
                series = MemorySeries(label, (process.get("started") or reading.timestamp) / 1000)
                series_of_gpu[key] = series
            if series.add(now, memory, total - max(0.0, used - memory)):
                found += self._judge(reading, subject, series)
        self._listed[subject] = listed
        for gone in series_of_gpu.keys() - present:
            if series_of_gpu.pop(gone).found:
                found += self._ledger.end(subject, reading.timestamp)
        return found

    def _memory(self, reading: Reading) -> Iterator[Finding]:
        """Judge the memory of each run, and the other memory used on the host and in the cgroup."""
        values, runs = reading.values, reading.values.get("runs")
        if runs is not None:  # samples from the history have no runs
            yield from self._of_runs(reading, runs)
        limited = [run for run in runs or () if _is_limited_by(run, values.get("cgroup_limit"))]
        for label, key, of, inside in (
            ("RAM in use", "ram_used", "ram_total", runs or ()),
            ("the memory of the cgroup", "cgroup_used", "cgroup_limit", limited),
        ):
            used, limit = values.get(key), values.get(of)
            if used is None or not limit:
                continue
            apart = sum(run.get("ram_used") or 0 for run in inside)
            if runs is not None and not self._knows_runs and apart >= LISTED * limit:
                # The earlier samples had no runs, so this series includes the memory of the runs.
                self._series.get(reading.subject, {}).pop(key, None)
            series = self._of(reading.subject, key, label, -math.inf)
            is_new = series.add(reading.timestamp / 1000, max(0.0, used - apart), limit - apart)
            if is_new and (series.found is not None or apart < EXPLAINED * used):
                yield from self._judge(reading, reading.subject, series, limit)
        self._knows_runs = runs is not None

    def _of_runs(self, reading: Reading, runs: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
        """Judge the memory of each run against the limit that it would reach first."""
        values, present = reading.values, set()
        for run in runs:
            held, subject = run.get("ram_used") or 0.0, f"run-{run.get('run')}"
            limits = [
                (held + total - used, total)
                for used, total in (
                    (values.get("ram_used"), values.get("ram_total")),
                    (run.get("cgroup_used"), run.get("cgroup_limit")),
                )
                if used is not None and total
            ]
            present.add(subject)
            limit, total = min(limits, default=(0.0, 0.0))
            if held < LISTED * total or not total:
                continue
            if subject not in self._runs:
                born = run.get("started") or reading.timestamp
                label = f"{run.get('name')} (PID {run.get('pid')})"
                self._runs[subject] = MemorySeries(label, born / 1000)
            series, read = self._runs[subject], run.get("read_bytes")
            if read is not None:
                self._reads.setdefault(subject, Reads()).add(reading.timestamp / 1000, read)
            if series.add(reading.timestamp / 1000, held, max(held, limit)):
                yield from self._judge(reading, subject, series, total)
        yield from self._end_runs(self._runs.keys() - present, reading.timestamp)

    def _of(self, subject: str, key: Key, label: str, born: float) -> MemorySeries:
        every = self._series.setdefault(subject, {})
        series = every.get(key)
        if series is None:
            series = every[key] = MemorySeries(label, born)
        return series

    def _judge(
        self, reading: Reading, subject: str, series: MemorySeries, whole: float | None = None
    ) -> Iterable[Finding]:
        """Return the findings that begin, end or change because of the newest value of ``series``.

        The threshold is the fraction ``share`` of ``whole``, or of the series' limit if ``whole``
        is None. Growth below this threshold is not reported.
        """
        if series.has_ended():
            return self._ledger.end(subject, reading.timestamp)
        if series.found is None and subject in self._ledger:
            return ()  # the subject already has a finding, about another series
        found = series.growth(self._share * (whole or series.limit))
        if found is None:
            return ()
        if reading.family == "memory" and self._loads.explain(found, self._reads.get(subject)):
            return ()
        series.accept(found)
        young = reading.timestamp / 1000 - series.born < self._warm_up
        return () if young else self._report(reading, subject, series, found)

    def _severity(self, left: float) -> Severity:
        if left <= self._critical:
            return Severity.CRITICAL
        return Severity.WARNING if left <= self._warning else Severity.INFO

    def _report(
        self, reading: Reading, subject: str, series: MemorySeries, found: Growth
    ) -> Iterable[Finding]:
        left, rate = found.left, found.rate.likely * 60 / _MEGABYTE
        if subject in self._runs:
            text = f"Run {series.label}: the memory of its processes grows by {rate:,.0f} MB/min"
        else:
            text = f"{device_name(subject)}: {series.label} grows by {rate:,.0f} MB/min"
        return self._ledger.report(
            reading,
            subject,
            self._severity(left.likely),
            f"{text}; out of memory in {duration(left.low, left.high)}",
            Evidence(
                round(found.start * 1000),
                round(found.end * 1000),
                {
                    "growth": Measure(round(found.size / _MEGABYTE), "MB"),
                    "rate": Measure(round(rate, 1), "MB/min"),
                    "limit": Measure(round(series.limit / _MEGABYTE), "MB"),
                },
            ),
            advice=_ADVICE,
            expected=Expected(*(round((found.end + seconds) * 1000) for seconds in left)),
        )


def _is_limited_by(run: Mapping[str, Any], limit: float | None) -> bool:
    """Return whether ``run`` is probably in the collector's cgroup, which has this ``limit``."""
    return limit is not None and run.get("cgroup_limit") == limit
