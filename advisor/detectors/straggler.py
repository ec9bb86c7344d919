"""``straggler``: one GPU of a run falls behind the other GPUs."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import ClassVar

from advisor import gpu_runs
from advisor.comparison import (
    ENDS,
    FEWEST,
    LOADED,
    LONE,
    LONE_READINGS,
    LONE_SPAN,
    METRICS,
    SETTLING,
    UNUSUAL,
    Comparison,
    Deviation,
    Member,
)
from advisor.detectors.model import DEFAULTS, Kind, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.gpu_runs import GpuRuns, Run
from advisor.readings import Reading, device_name
from telemetry.catalogue.thresholds import effective
from telemetry.quantities import with_unit

EVERY = 15.0  # seconds between two comparisons
READINGS = 4  # fewest comparisons in a row in which a GPU has to deviate
_USUAL = effective("straggler", {})
_ADVICE = (
    "A run whose GPUs work in step is as slow as its slowest GPU. Compare this GPU with another "
    "GPU of the run: for example, `nvidia-smi -q -i 0,1` shows the clocks, power and PCIe links of "
    "GPUs 0 and 1. Also check whether the process on this GPU gets as much CPU time and data as "
    "the other processes of the run."
)


class Straggler:
    """Compares each run's GPUs with each other."""

    kind: ClassVar[Kind] = Kind(
        "straggler",
        "One GPU of a run differs from the other GPUs in clock, power, utilization or temperature. "
        "If the GPUs work in step, the whole run is as slow as this GPU.",
        f"The GPUs of a run are compared with each other if the run has at least {FEWEST} GPUs, "
        f"all of the same model, and most of them have at least {LOADED:g}% utilization.\n"
        "GPUs "
        "belong to one run if their processes have the same user and command, and each process "
        f"started at most {gpu_runs.TOGETHER / 60_000:g} min after the previous process.\n"
        "A finding "
        f"begins if one GPU deviates from the median of the others for {_USUAL['minutes']:g} min "
        "while the others hardly differ from each other.\n"
        "The finding is a `warning` if the clock "
        f"is at least {_USUAL['clock']:g}% below the median, if the power is at least "
        f"{_USUAL['power']:g}% further below the median than usual, or if the utilization is at "
        f"least {_USUAL['utilization']:g} percentage points further below the median than usual.\n"
        "The finding is an `info` if the temperature is at least "
        f"{_USUAL['temperature']:g} °C further above the median than usual, at about the same "
        "power and utilization.\n"
        "The usual difference of each GPU from the median is learned in "
        f"the first {SETTLING / 60:g} min of the run's work, and updated later. "
        "A deviation from "
        f"the usual difference is ignored if it is less than {UNUSUAL:g} times the mean deviation "
        "of all GPUs of the run.\n"
        "The finding ends once the difference is less than "
        f"{ENDS:.0%} of the threshold, or the run ends.\n"
        "Only the clocks are judged if the GPUs do not seem to work in step: within the last "
        f"{LONE_SPAN / 3600:g} h, at least two of them have each deviated in power, utilization "
        f"or temperature for {LONE:g} s and in at least {LONE_READINGS} readings.",
        "inference servers whose loads differ now and then\n"
        "GPUs that run different jobs, even if the jobs have the same command\n"
        "the pauses of rank 0 while it saves checkpoints\n"
        "pipeline stages that have differed since the run began\n"
        "a GPU that is always warmer because of its slot",
        "The driver has to list the processes, and the collector has to be able to read their "
        "commands.\n"
        "A GPU that is slow from the start is detected only by its clock.\n"
        "Nothing is "
        "reported for a run on two GPUs, because it is not clear which of them is the slow one.",
        "the values are our own, checked with the even seeds of `python -m "
        "tests.benchmarks.findings`",
    )
    families: ClassVar[Collection[str]] = frozenset({"gpu", "gpu_processes"})

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no GPUs."""
        limits = effective(self.kind.name, thresholds)
        self._seconds = limits["minutes"] * 60
        self._limits = [limits[metric.name] / (100 if metric.relative else 1) for metric in METRICS]
        self._ledger = Ledger(self.kind.name)
        self._runs = GpuRuns()
        self._compared: dict[Run, Comparison] = {}
        self._by_gpu: dict[str, tuple[Run, Comparison]] = {}  # a cache, cleared when runs change

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        if reading.family == "gpu_processes":
            return self._regroup(reading.timestamp) if self._runs.note(reading) else ()
        known = self._by_gpu.get(reading.subject) or self._compared_with(reading.subject)
        if known is None:
            return ()
        run, comparison = known
        now = reading.timestamp / 1000
        member = comparison.members.get(reading.subject)
        if member is None:
            member = comparison.members[reading.subject] = Member()
        member.add(now, reading.values)
        if now - comparison.compared < EVERY:
            return ()
        return self._judge(reading, now, run, comparison)

    def forget(self, subject: str, timestamp: int) -> Iterator[Finding]:
        """Forget ``subject``, which is no longer read, and end its finding."""
        self._runs.forget(subject)
        yield from self._regroup(timestamp)

    def _compared_with(self, gpu: str) -> tuple[Run, Comparison] | None:
        """Return the run on ``gpu`` and the comparison of the run's GPUs.

        Return None if ``gpu`` has no run, or its run has too few GPUs.
        """
        run = self._runs.of(gpu)
        if run is None or len(run.gpus) < FEWEST:
            return None
        comparison = self._compared.get(run)
        if comparison is None:
            comparison = self._compared[run] = Comparison(self._limits)
        self._by_gpu[gpu] = run, comparison
        return run, comparison

    def _regroup(self, timestamp: int) -> Iterator[Finding]:
        """Forget the runs that have ended or changed; end the findings about their GPUs."""
        self._by_gpu.clear()
        for run in [run for run in self._compared if self._runs.of(run.gpus[0]) != run]:
            del self._compared[run]
            for gpu in run.gpus:
                yield from self._ledger.end(gpu, timestamp)

    def _judge(
        self, reading: Reading, now: float, run: Run, comparison: Comparison
    ) -> Iterator[Finding]:
        in_step = comparison.compare(now, self._ledger)
        for gpu, member in comparison.members.items():
            deviation = next(member.deviations(self._seconds, READINGS), None)
            if deviation is None:
                if gpu in self._ledger and not any(held.readings for held in member.held):
                    yield from self._ledger.end(gpu, reading.timestamp)
            elif in_step or deviation.metric.absolute:
                yield from self._report(reading, gpu, run, deviation)

    def _report(self, reading: Reading, gpu: str, run: Run, found: Deviation) -> Iterable[Finding]:
        metric, minutes = found.metric, (reading.timestamp / 1000 - found.since) / 60
        value, others = (
            with_unit(f"{each:.0f}", metric.unit) for each in (found.value, found.others)
        )
        return self._ledger.report(
            reading,
            gpu,
            Severity.INFO if metric.sign > 0 else Severity.WARNING,
            f"{device_name(gpu)}: its {metric.name} has been {value} for {minutes:.0f} min, "
            f"compared with {others} on the other {len(run.gpus) - 1} GPUs of {run.command}",
            Evidence(
                round(found.since * 1000),
                reading.timestamp,
                {
                    metric.name: Measure(round(found.value), metric.unit),
                    "others": Measure(round(found.others), metric.unit),
                },
            ),
            advice=_ADVICE,
        )
