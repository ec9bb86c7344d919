"""``input_bound``: the GPUs of a run wait, mostly for data or the CPU."""

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

SECONDS, READINGS = 300.0, 15  # least length of a stretch, and fewest readings in it
LONGEST_GAP = 300.0  # seconds: after a longer gap between readings, all stretches start again
EXPLAINS = 0.8  # times the share of low readings: a limit reached less often does not explain them
LEAST_SHARE = 0.3  # of the readings: a limit that is reached less often explains nothing
FEWEST = 2  # stretches in which a run has to wait before a finding begins
ENDS = 2  # stretches in a row in which the run does not wait; they end the finding
STAYS = 1.2  # times the threshold of utilization: up to this, an active finding continues
HELD = 1e9  # bytes: if a GPU has less memory in use, no run works on it
_SERVER = re.compile(
    r"ipykernel|jupyter|vllm|sglang|ollama|llama|triton|text-generation|api_server|uvicorn"
    r"|gunicorn|serve",
    re.IGNORECASE,
)
_USUAL = effective("input_bound", {})
_ADVICE = {
    Limit.MEMORY: "Make data loading use less memory: fewer workers, less prefetching.",
    Limit.IO: "Read fewer but larger files, cache the data in RAM, or use a faster disk.",
    Limit.CORES: "Move decoding or augmentation to the GPU, or prepare the data beforehand.",
    Limit.DISK: "Cache the data in RAM or on a faster disk, or compress it.",
    Limit.NETWORK: "Copy the data to a local disk before the run.",
    Limit.PCIE: "Send less data to the GPU: use smaller data types, or decode on the GPU.",
    Limit.CORE: "Use more data-loading workers (`num_workers`), larger batches, or fewer small "
    "kernels (`torch.compile`, CUDA graphs).",
    None: "Profile some steps (`torch.profiler`, `nsys`): look for synchronization, small "
    "batches, slow network storage, or slow remote services.",
}


@dataclass(slots=True)
class _Unit:
    """GPUs that are judged together: all GPUs of a run, or one GPU whose run is not known."""

    gpus: tuple[str, ...]
    run: Run | None
    stretch: Stretch = field(default_factory=Stretch)
    low: list[tuple[float, float, Limit | None]] = field(default_factory=list)  # begin, mean, why
    others: int = 0  # stretches in a row in which the run does not wait


class InputBound:
    """Finds runs whose GPUs wait, and the host limit that explains the waiting."""

    kind: ClassVar[Kind] = Kind(
        "input_bound",
        "The GPUs of a run have low utilization because they wait for data, for the CPU, or for "
        "something that the host's metrics do not show. The subject of the "
        "finding is the first GPU of the run.",
        "The GPUs of a run are judged in stretches of time. A stretch lasts "
        f"{SECONDS / 60:g} min, or longer if no GPU has {READINGS} readings by then.\n"
        "A finding "
        f"begins once all stretches of the last {_USUAL['minutes']:g} min meet two conditions. "
        f"First, the mean utilization is between {stretches.IDLE:g}% and "
        f"{_USUAL['utilization']:g}%. Second, "
        "a limit of the host explains the waiting, or the GPUs alternate between work (at least "
        f"{stretches.WORKING:g}% utilization) and waiting (at most {stretches.WAITING:g}%).\n"
        "A limit explains the waiting if it is reached in at least "
        f"{LEAST_SHARE:.0%} of the readings, and this share is at least {EXPLAINS:g} times the "
        "share of the GPU readings whose utilization is below "
        f"{_USUAL['utilization']:g}%.\n"
        "The finding is a `warning` and names "
        "the limit that explains the most stretches. But if the stretches that no limit explains "
        "outnumber the stretches that this limit explains, the finding is an `info`, and names no "
        "limit.\n"
        "If several limits explain a stretch, only the first of them in this list counts:\n"
        "- all tasks wait for memory simultaneously during at least "
        f"{_USUAL['pressure']:g}% of the time\n"
        "- all tasks wait for I/O simultaneously during at least "
        f"{_USUAL['pressure']:g}% of the time\n"
        f"- the CPU cores have a mean utilization of at least {host_limits.ALL_CORES:g}%\n"
        f"- the disks read at {_USUAL['ceiling']:g}% or more of "
        "their highest rate so far, while tasks wait for I/O\n"
        f"- the network receives at {_USUAL['ceiling']:g}% or more of its highest rate so far\n"
        f"- the GPUs receive at {_USUAL['link']:g}% or more of the PCIe link's rate\n"
        f"- one CPU core has a utilization of at least {_USUAL['core']:g}%\n"
        "Disk and network rates of at most "
        f"{host_limits.LEAST_RATE:g} MB/s do not count as a limit.\n"
        f"The finding ends once {ENDS} stretches in a row do not "
        "meet the conditions, or the run ends.\n"
        "While the finding is active, a mean utilization of up to "
        f"{STAYS * _USUAL['utilization']:g}% also meets the first condition.",
        "a busy GPU whose host has one busy core\n"
        "pauses for evaluations and checkpoints\n"
        "an idle GPU\n"
        "notebooks and inference servers, which wait for requests and are recognized by "
        "their commands\n"
        "low utilization if the host is at no limit and the GPUs do not alternate "
        "between work and waiting",
        "A host limit that is reached while the GPUs wait is not always the cause of the waiting. "
        "If the driver does not list processes, each GPU is judged separately.\n"
        "An inference server whose command is not recognized can look like a run that waits.",
        "the job-monitoring tool jobstats highlights a mean utilization below 15%; of 168 real "
        "GPUs in use, 104 had a mean utilization below 50%, so low utilization alone is not a "
        "finding; the other values were tuned on the even seeds of "
        "`python -m tests.benchmarks.findings`",
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
        """Forget ``subject``, which is no longer read, and end its finding."""
        self._runs.forget(subject)
        return self._leave(subject, timestamp)

    def _leave(self, gpu: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``gpu`` and the GPUs that are judged together with it; end any finding on them."""
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
        """Judge the stretch that ends with ``reading``, and begin a new one."""
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
        why = limit or "it alternates between work and waiting, and no host limit explains this"
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
    """Return text that names the GPUs, such as ``GPU 0`` or ``GPU 0 and 3 more``."""
    more = f" and {len(gpus) - 1} more" if len(gpus) > 1 else ""
    return f"{device_name(gpus[0])}{more}"
