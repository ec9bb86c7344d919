"""``input_bound``: GPUs wait for the host."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from advisor import host_limits, stretches
from advisor.detectors.model import DEFAULTS, Kind, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.gpu_runs import GpuRuns, Run
from advisor.host_limits import HostLimits, Limit
from advisor.readings import Reading, device_name
from advisor.stretches import Stretch
from telemetry.catalogue.thresholds import effective

SECONDS, READINGS = 300.0, 15  # of a stretch; at long intervals it is longer
LONGEST_GAP = 300.0  # seconds: after a longer one, a stretch begins again
EXPLAINS = 0.8  # of the share of low readings: in so many, a limit is reached
LEAST_SHARE = 0.3
FEWEST = 2  # stretches in which a run waits
ENDS = 2  # stretches in which it does not
STAYS = 1.2  # times the threshold of utilization, below which a finding stays active
HELD = 1e9  # bytes: less is a context
_SERVER = re.compile(
    r"ipykernel|jupyter|vllm|sglang|ollama|llama|triton|text-generation|api_server|uvicorn"
    r"|gunicorn|serve",
    re.IGNORECASE,
)
_USUAL = effective("input_bound", {})
_ADVICE = {
    Limit.MEMORY: "Reduce the memory that data loading uses: fewer workers, less prefetching.",
    Limit.IO: "Read larger files in sequence, cache the data in RAM, or use a faster disk.",
    Limit.CORES: "Move decoding or augmentation to the GPU, or prepare the data beforehand.",
    Limit.DISK: "Cache the data in RAM or on a faster disk, or compress it.",
    Limit.NETWORK: "Copy the data to a local disk before the run.",
    Limit.PCIE: "Send less data to the GPU: use smaller data types, or decode on the GPU.",
    Limit.CORE: "Use more data-loading workers (`num_workers`), larger batches, or fewer small "
    "kernels (`torch.compile`, CUDA graphs).",
    None: "Profile some steps (`torch.profiler`, `nsys`): look for synchronization, small "
    "batches, slow storage on the network, or remote services.",
}


@dataclass(slots=True)
class _Unit:
    """The GPUs of one run, or one GPU whose processes are not known."""

    gpus: tuple[str, ...]
    run: Run | None
    stretch: Stretch = field(default_factory=Stretch)
    low: list[tuple[float, float, Limit | None]] = field(default_factory=list)  # begin, mean, why
    others: int = 0  # stretches in a row that are not low


class InputBound:
    """Compares the use of GPUs with the limits that their host reaches at the same time."""

    kind: ClassVar[Kind] = Kind(
        "input_bound",
        "The GPUs of a run have low utilization because they wait: for data, for the CPU, or for "
        "something that the host does not show. The subject is the first GPU of the run.",
        f"In each stretch of {SECONDS / 60:g} min (at least {READINGS} readings) within "
        f"{_USUAL['minutes']:g} min, the mean utilization of the run's GPUs is from "
        f"{stretches.IDLE:g}% to {_USUAL['utilization']:g}%, and the host is at a limit at "
        f"least {EXPLAINS:.0%} as often as utilization is low: `warning`. The limits, of which the "
        f"first is named: memory or I/O pressure (full) of {_USUAL['pressure']:g}%; all cores at "
        f"{host_limits.ALL_CORES:g}%; disks at {_USUAL['ceiling']:g}% of the highest rate that "
        "they have shown, while tasks wait for I/O; the network at the same share of its own "
        "highest rate; the PCIe link at "
        f"{_USUAL['link']:g}% of its rate; one core at {_USUAL['core']:g}%. If none is reached, "
        f"but the GPUs work (from {stretches.WORKING:g}%) and wait (up to {stretches.WAITING:g}"
        "%) alternately: `info`, 'not explained by the host'. The finding ends after "
        f"{ENDS} stretches for which this is not true (with up to "
        f"{STAYS * _USUAL['utilization']:g}% utilization), or when the run ends.",
        "a busy GPU beside a busy core; pauses for evaluations and checkpoints; an idle GPU; "
        "notebooks and inference servers that wait for requests, recognized by their commands; low "
        "utilization that neither alternates nor coincides with a limit",
        "That a limit is reached at the same time does not prove that it is the cause. Without a "
        "list of processes, each GPU is judged separately. A server with an unknown command that "
        "waits for requests can look like a run that waits.",
        "jobstats highlights a mean utilization below 15%; of 168 real GPUs in use, 104 are below "
        "50% on average, so low utilization alone is not a finding; the other values: the even "
        "seeds of `python -m tests.benchmarks.findings`",
    )
    families: ClassVar[Collection[str]] = frozenset(
        {"gpu", "gpu_processes", "cpu", "memory", "disk", "network"}
    )

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no GPUs."""
        self._limits = effective(self.kind.name, thresholds)
        self._ledger = Ledger(self.kind.name)
        self._runs = GpuRuns()
        self._host = HostLimits(self._limits)
        self._units: dict[str, _Unit] = {}  # by GPU
        self._began = self._newest = 0.0

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        if reading.family == "gpu":
            return self._gpu(reading)
        if reading.family == "gpu_processes":
            return self._regroup(reading.timestamp) if self._runs.note(reading) else ()
        if self._units:
            self._host.note(reading)
        return ()

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``subject``, which is no longer read; return the end of its finding."""
        self._runs.forget(subject)
        return self._leave(subject, timestamp)

    def _leave(self, gpu: str, timestamp: int) -> Iterable[Finding]:
        """Forget the unit of ``gpu``."""
        unit = self._units.pop(gpu, None)
        if unit is None:
            return ()
        for each in unit.gpus:
            self._units.pop(each, None)
        return self._ledger.end(unit.gpus[0], timestamp)

    def _regroup(self, timestamp: int) -> Iterator[Finding]:
        for gpu, unit in list(self._units.items()):
            if unit.run != self._runs.of(gpu):
                yield from self._leave(gpu, timestamp)

    def _gpu(self, reading: Reading) -> Iterable[Finding]:
        gpu, values, now = reading.subject, reading.values, reading.timestamp / 1000
        use = values.get("utilization")
        if use is None or (values.get("memory_used") or 0) < HELD:
            return self._leave(gpu, reading.timestamp)
        unit = self._units.get(gpu) or self._new_unit(gpu)
        limits = self._limits
        unit.stretch.add(gpu, values, use, limits["utilization"], limits["link"] / 100)
        if now - self._newest > LONGEST_GAP:
            self._begin(now)
        self._newest = now
        if now - self._began < SECONDS or unit.stretch.readings[gpu] < READINGS:
            return ()
        return self._close(reading, now)

    def _new_unit(self, gpu: str) -> _Unit:
        run = self._runs.of(gpu)
        unit = _Unit((gpu,) if run is None else run.gpus, run)
        self._units |= dict.fromkeys(unit.gpus, unit)
        return unit

    def _begin(self, now: float) -> None:
        self._host.shares()
        for unit in self._units.values():
            unit.stretch, unit.low = Stretch(), []
        self._began = now

    def _close(self, reading: Reading, now: float) -> Iterator[Finding]:
        """Judge the stretch that is over, and begin a new one."""
        shares = self._host.shares()
        for unit in {unit.gpus[0]: unit for unit in self._units.values()}.values():
            yield from self._judge(reading, unit, shares)
            unit.stretch = Stretch()
        self._began = now

    def _judge(
        self, reading: Reading, unit: _Unit, shares: Mapping[Limit, float]
    ) -> Iterable[Finding]:
        stretch = unit.stretch
        if not stretch.total:
            return ()
        limit = self._explanation(stretch, shares)
        most = self._limits["utilization"] * (STAYS if unit.gpus[0] in self._ledger else 1.0)
        is_low = stretches.IDLE <= stretch.mean < most
        if not is_low or (
            limit is None and not stretch.is_alternating(reading.timestamp / 1000 - self._began)
        ):
            unit.low.clear()
            unit.others += 1
            return self._ledger.end(unit.gpus[0], reading.timestamp) if unit.others >= ENDS else ()
        unit.others = 0
        unit.low.append((self._began, stretch.mean, limit))
        del unit.low[:-100]
        begin = unit.low[0][0]
        too_short = reading.timestamp / 1000 - begin < self._limits["minutes"] * 60
        if too_short or len(unit.low) < FEWEST:
            return ()
        label = "a process" if unit.run is None else unit.run.command
        return () if _SERVER.search(label) else self._report(reading, unit, label)

    def _explanation(self, stretch: Stretch, shares: Mapping[Limit, float]) -> Limit | None:
        needed = max(LEAST_SHARE, EXPLAINS * stretch.low / stretch.total)
        known = {**shares, Limit.PCIE: stretch.full_link / stretch.total}
        return next((limit for limit in Limit if known[limit] >= needed), None)

    def _report(self, reading: Reading, unit: _Unit, label: str) -> Iterable[Finding]:
        newest = unit.low[-max(2, round(self._limits["minutes"] * 60 / SECONDS)) :]
        reasons = [why for _, _, why in newest]
        limit = max(set(reasons), key=reasons.count)
        mean = sum(mean for _, mean, _ in newest) / len(newest)
        begin = unit.low[0][0]
        minutes = (reading.timestamp / 1000 - begin) / 60
        why = limit or "work and waiting alternate, which is not explained by the host"
        return self._ledger.report(
            reading,
            unit.gpus[0],
            Severity.INFO if limit is None else Severity.WARNING,
            f"{_names(unit.gpus)}: {label} has used {mean:.0f}% of the GPU"
            f"{'s' * (len(unit.gpus) > 1)} for {minutes:.0f} min: {why}",
            Evidence(
                round(begin * 1000),
                reading.timestamp,
                {"utilization": Measure(round(mean), "%")},
            ),
            advice=_ADVICE[limit],
        )


def _names(gpus: tuple[str, ...]) -> str:
    """Return the beginning of a sentence about GPUs: ``GPU 0``, ``GPU 0 and 3 more``."""
    more = f" and {len(gpus) - 1} more" if len(gpus) > 1 else ""
    return f"{device_name(gpus[0])}{more}"
