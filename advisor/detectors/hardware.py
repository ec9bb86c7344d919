"""``hardware``: a GPU or a sensor is failing."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from advisor.detectors.model import DEFAULTS, LONGEST_STEP, MINUTE, Kind, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.readings import Reading, device_name
from telemetry.catalogue.thresholds import effective

CONFIRMED = 2  # readings in a row that begin, or end, a finding about a pending repair
LOADED = 50.0  # % utilization: below it, a link may slow down only to save power
STEADY = 60  # minutes under load at its best speed, after which a reported link is healthy again
_ERRORS = ("ecc_errors_uncorrected", "ecc_errors_uncorrected_volatile")
_PENDING = {
    "remapping_pending": "memory rows are waiting to be remapped",
    "retirement_pending": "memory pages are waiting to be retired",
}
_USUAL = effective("hardware", {})
_FAILING = ("failing", "hanging")
_ADVICE = (
    "Move the work to another GPU, then reset this GPU (`nvidia-smi --gpu-reset -i INDEX`) or "
    "restart the machine. If the problem returns, have the GPU replaced."
)
_SENSOR_ADVICE = (
    "The summary gives the reason. Run `system-monitor check` on the machine to test each sensor."
)
_Problem = tuple[Severity, str, Mapping[str, Measure]]


@dataclass(slots=True)
class _Gpu:
    """What is known about one GPU; times are in Unix milliseconds."""

    newest: int
    limits: Mapping[str, float]
    since: int = 0  # the beginning of the first problem
    counters: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)  # new errors, by counter
    last_error: int = 0
    pending: dict[str, int] = field(default_factory=dict)  # readings in a row, by repair
    best: float = 0.0  # highest speed of the link under load: lanes times the speed of each lane
    slow: float = 0.0  # seconds under load below that speed
    steady: float = 0.0  # seconds under load at that speed, without a break
    healthy: tuple[object, ...] = ()  # while the values equal these, the GPU is healthy

    def is_healthy(self, now: int, values: Mapping[str, Any]) -> bool:
        """Process a reading; return False if the GPU may have a problem."""
        get = values.get
        state = (
            *(get("ecc_errors_uncorrected"), get("ecc_errors_uncorrected_volatile")),
            *(get("remapping_pending"), get("retirement_pending")),
            *(get("pcie_width"), get("pcie_generation")),
        )
        if state == self.healthy:
            self.newest = now
            return True
        self.note(now, values)
        width, generation = values.get("pcie_width"), values.get("pcie_generation")
        link = width * 2**generation if width and generation else self.best
        troubled = self.errors or any(self.pending.values()) or self.slow
        self.healthy = () if troubled or link != self.best else state
        return False

    def note(self, now: int, values: Mapping[str, Any]) -> None:
        seconds = min((now - self.newest) / 1000, LONGEST_STEP)
        self.newest = now
        for name in _ERRORS:
            count = values.get(name)
            if self.errors or count != self.counters.get(name):
                self._note_errors(now, name, count)
        for name in _PENDING:
            pending = values.get(name)
            if pending or self.pending:
                number = self.pending.get(name, 0) + (1 if pending else -1)
                self.pending[name] = min(max(number, 0), CONFIRMED)
        width, generation = values.get("pcie_width"), values.get("pcie_generation")
        if width and generation and (values.get("utilization") or 0) >= LOADED:
            link = float(width * 2**generation)
            self.best = max(self.best, link)
            self._note_link(seconds, is_slow=link < self.best)

    def _note_link(self, seconds: float, *, is_slow: bool) -> None:
        self.steady = 0.0 if is_slow else self.steady + seconds
        if is_slow:
            self.slow += seconds
        elif not self.has_slow_link() or self.steady >= STEADY * 60:
            self.slow = 0.0

    def has_slow_link(self) -> bool:
        """Return whether the link was slow for long enough to be reported."""
        return self.slow >= self.limits["link"] * 60

    def _note_errors(self, now: int, name: str, count: float | None) -> None:
        if count is None:
            return
        new = count - self.counters.get(name, count)  # a counter that fell was reset
        self.counters[name] = count
        if new > 0:
            self.errors[name] = self.errors.get(name, 0) + new
            self.last_error = now
        elif now - self.last_error > self.limits["errors"] * MINUTE:
            self.errors.pop(name, None)

    def problems(self, *, active: bool) -> Iterator[_Problem]:
        """Yield the problems of the GPU, worst first."""
        if self.errors:
            number = max(self.errors.values())
            sentence = f"{number:.0f} new uncorrectable memory error{'s' * (number != 1)}"
            yield Severity.CRITICAL, sentence, {"errors": Measure(number, "errors")}
        for name, sentence in _PENDING.items():
            if self.pending.get(name, 0) > (0 if active else CONFIRMED - 1):
                yield Severity.WARNING, sentence, {}
        if self.has_slow_link():
            yield Severity.WARNING, "its PCIe link is slower under load than before", {}


class Hardware:
    """Tracks each GPU's error counters, pending repairs and link, and each sensor's state."""

    kind: ClassVar[Kind] = Kind(
        "hardware",
        "A GPU has uncorrectable memory errors, has a memory repair pending, is lost, or has a "
        "slower PCIe link than before; or a sensor fails.",
        "`critical`: a counter of uncorrectable errors has grown (the finding ends after "
        f"{_USUAL['errors']:g} min without a new error), or no sample of a GPU has arrived for "
        f"{_USUAL['lost']:g} s while the GPU sensor fails or hangs.\n"
        "`warning`: a row remap or "
        f"page retirement is pending in {CONFIRMED} readings in a row, the PCIe link is slow, or a "
        f"sensor fails or hangs for {_USUAL['failing']:g} min.\n"
        "The PCIe link is slow if, for "
        f"{_USUAL['link']:g} min under load (utilization of at least {LOADED:g}%), its speed (the "
        "number of lanes times the speed of a lane) was below its highest speed so far. "
        "The finding about the link ends once the link has had its highest speed for "
        f"{STEADY} min under load.\n"
        "The subject of a finding about a sensor is `sensor-NAME`.",
        "corrected errors\n"
        "errors from before the first sample\n"
        "counters that a restart resets\n"
        "a link that slows down while the GPU is idle\n"
        "a GPU that is missing after the collector was restarted",
        "NVIDIA's Xid events (errors in the kernel log) are not read.\n"
        "A lost GPU is detected from `system/status`, so a recording must contain that channel.",
        "NVIDIA's GPU debug guidelines: an uncorrectable error ends the process, and a pending "
        "repair needs a reset; the times are our own choice",
    )

    families: ClassVar[Collection[str]] = frozenset({"gpu", "status"})

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no GPUs."""
        self._limits = effective(self.kind.name, thresholds)
        self._ledger = Ledger(self.kind.name)
        self._gpus: dict[str, _Gpu] = {}
        self._failing: dict[str, int] = {}  # when each sensor began to fail
        self._collector = 0  # when the collector was started

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        return self._gpu(reading) if reading.family == "gpu" else self._status(reading)

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``subject``, but keep a GPU that might be lost: its finding must stay active."""
        if subject in self._gpus and "gpu" in self._failing:
            return ()
        self._gpus.pop(subject, None)
        return self._ledger.end(subject, timestamp)

    def _gpu(self, reading: Reading) -> Iterable[Finding]:
        subject, now = reading.subject, reading.timestamp
        gpu = self._gpus.get(subject)
        if gpu is None:
            gpu = self._gpus[subject] = _Gpu(now, self._limits)
        active, problem = subject in self._ledger, None
        if not gpu.is_healthy(now, reading.values):
            problem = next(gpu.problems(active=active), None)
        if problem is None:
            gpu.since = 0
            return self._ledger.end(subject, now) if active else ()
        gpu.since = gpu.since or now
        severity, sentence, numbers = problem
        return self._ledger.report(
            reading,
            subject,
            severity,
            f"{device_name(subject)}: {sentence}",
            Evidence(gpu.since, now, numbers),
            advice=_ADVICE,
        )

    def _status(self, reading: Reading) -> Iterator[Finding]:
        now, values = reading.timestamp, reading.values
        if values["started"] != self._collector:  # a new collector may read other GPUs
            self._collector = values["started"]
            yield from self._begin_again(now)
        for name, report in values["sensors"].items():
            if report.state not in _FAILING:
                self._failing.pop(name, None)
                yield from self._ledger.end(f"sensor-{name}", now)
                continue
            since = self._failing.setdefault(name, now)
            reason = report.reason or report.state
            if name == "gpu":
                yield from self._lost(reading, reason)
            if now - since >= self._limits["failing"] * MINUTE:
                yield from self._sensor(reading, name, since, reason)
        if "gpu" not in self._failing:
            yield from self._found(now)

    def _lost(self, reading: Reading, reason: str) -> Iterator[Finding]:
        for subject, gpu in self._gpus.items():
            if reading.timestamp - gpu.newest >= self._limits["lost"] * 1000:
                yield from self._ledger.report(
                    reading,
                    subject,
                    Severity.CRITICAL,
                    f"{device_name(subject)} is lost: {reason}",
                    Evidence(gpu.newest, reading.timestamp),
                    advice=_ADVICE,
                )

    def _found(self, now: int) -> Iterator[Finding]:
        """End the findings about GPUs that a working sensor has not read for 10 minutes."""
        for subject in [s for s, g in self._gpus.items() if now - g.newest > 10 * MINUTE]:
            yield from self.forget(subject, now)

    def _begin_again(self, now: int) -> Iterator[Finding]:
        lost = self._limits["lost"] * 1000
        for subject in [s for s, g in self._gpus.items() if now - g.newest >= lost]:
            del self._gpus[subject]
            yield from self._ledger.end(subject, now)
        self._failing.clear()

    def _sensor(self, reading: Reading, name: str, since: int, reason: str) -> Iterable[Finding]:
        minutes = (reading.timestamp - since) / MINUTE
        return self._ledger.report(
            reading,
            f"sensor-{name}",
            Severity.WARNING,
            f"The {name} sensor has been failing for {minutes:.0f} min: {reason}",
            Evidence(since, reading.timestamp, {"failing": Measure(round(minutes), "min")}),
            advice=_SENSOR_ADVICE,
        )
