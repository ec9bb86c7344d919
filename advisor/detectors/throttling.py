"""``throttling``: a GPU's clock is reduced for a large part of the time."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from advisor.detectors.model import DEFAULTS, LONGEST_STEP, Kind, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.readings import Reading, device_name
from advisor.smoothing import Held
from telemetry.catalogue.thresholds import effective

WINDOW_SECONDS = 300.0
FEWEST_READINGS = 20  # in the window; with long intervals, the window is longer
FEWEST_SLOW = 6  # readings in the window that have to show the cause when a finding begins
END = 0.25  # of the share at which a finding begins: below this, the finding ends
CAP_END = 0.5  # the same for the power cap, which is normal under full load
FULL_LOAD = 80.0  # % utilization
EVERY = 15.0  # seconds between two judgements

# NVML's throttle reasons, as the catalogue names them, by cause. If the driver can tell why the
# hardware slows the GPU down, it reports `hw_slowdown` together with a more specific reason.
# Causes with equal shares are judged in this order, so the finding names the specific cause.
_CAUSES = {
    "thermal slowdown": ("hw_thermal_slowdown", "sw_thermal_slowdown"),
    "power brake": ("hw_power_brake_slowdown",),
    "hardware slowdown": ("hw_slowdown",),
}
_CAP = "sw_power_cap"
_ALL = (*_CAUSES, _CAP)
_USUAL = effective("throttling", {})
_ADVICE = {
    "thermal slowdown": "Check the fans, filters, air flow and room temperature.",
    "power brake": "Check the power supply and its cables: an external signal slows the GPU down.",
    "hardware slowdown": "Check the cooling and the power supply.",
    _CAP: "A power cap is often reached under full load; `nvidia-smi -q -d POWER` shows the cap.",
}


@dataclass(slots=True)
class _Window:
    """The latest readings of a GPU.

    ``steps`` has an entry for each reading: its time, the seconds since the previous reading, and
    the causes of a slowdown that the reading shows. A reading has no entry if it is the first or
    comes more than LONGEST_STEP seconds after the previous one. ``known`` sums the seconds of all
    entries. For each cause, ``slowed_for`` sums the seconds of the entries that show it, and
    ``number`` counts these entries.
    """

    steps: deque[tuple[float, float, Collection[str]]] = field(default_factory=deque)
    known: float = 0.0
    slowed_for: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_ALL, 0.0))
    number: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ALL, 0))
    newest: float | None = None
    judged: float = 0.0
    busy: float = 0.0  # smoothed utilization
    fastest: float = 0.0  # highest clock in MHz while nothing slowed the GPU down
    slowed: float = 0.0  # smoothed clock in MHz while something slowed the GPU down
    capped: Held = field(default_factory=Held)  # for how long the share of the cap has been high
    calm: Held = field(default_factory=Held)  # for how long the GPU has hardly been slowed down

    def add(self, now: float, causes: Collection[str]) -> None:
        step, steps = now - (self.newest or now), self.steps
        self.newest = now
        if 0 < step <= LONGEST_STEP:
            steps.append((now, step, causes))
            self._count(step, causes, 1)
        while len(steps) > FEWEST_READINGS and steps[0][0] <= now - WINDOW_SECONDS:
            _, seconds, before = steps.popleft()
            self._count(seconds, before, -1)

    def _count(self, seconds: float, causes: Collection[str], sign: int) -> None:
        self.known += sign * seconds
        for cause in causes:
            self.slowed_for[cause] += sign * seconds
            self.number[cause] += sign

    def share(self, cause: str) -> float:
        """Return the share of the time in which ``cause`` was active."""
        return self.slowed_for[cause] / self.known


class Throttling:
    """Adds up how long each GPU was slowed down."""

    kind: ClassVar[Kind] = Kind(
        "throttling",
        "A GPU is slowed down by heat, by the hardware, by the power supply, or by its power cap. "
        "The finding reports by how much the clock is lowered.",
        "For each cause, the detector calculates the share of the last "
        f"{WINDOW_SECONDS / 60:g} min (or of the last {FEWEST_READINGS} readings, if these take "
        "longer) in which the cause was active.\n"
        "The finding is a `warning` if the share for a "
        "thermal slowdown, a hardware slowdown or a power brake is at least "
        f"{_USUAL['share']:g}%, and at least {FEWEST_SLOW} readings show this cause.\n"
        "The finding "
        f"is an `info` if the share for the power cap has been at least {_USUAL['cap']:g}% for "
        f"{WINDOW_SECONDS / 60:g} min and the smoothed utilization is at least {FULL_LOAD:g}%.\n"
        "The finding ends once two "
        f"conditions have held for {WINDOW_SECONDS / 60:g} min: the share for each slowdown is "
        f"below {END * _USUAL['share']:g}%, and the share for the power cap is below "
        f"{CAP_END * _USUAL['cap']:g}%.",
        "the throttle reason `gpu_idle`\n"
        "clocks that a user has set\n"
        "a slowdown in a single sample\n"
        "the power cap as a `warning` (it causes at most an `info`)",
        "Throttling between two samples is not detected.\n"
        "The reduction of the clock is reported "
        "only if the GPU has also been observed at work without a slowdown.",
        "the throttle reasons and their meaning: nvmlClocksEventReasons in nvml.h; the shares were "
        "tuned on the even seeds of `python -m tests.benchmarks.findings`",
    )

    families: ClassVar[Collection[str]] = frozenset({"gpu"})

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no GPUs."""
        limits = effective(self.kind.name, thresholds)
        self._share, self._cap = limits["share"] / 100, limits["cap"] / 100
        self._ledger = Ledger(self.kind.name)
        self._windows: dict[str, _Window] = {}

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        reasons = reading.values.get("throttle_reasons")
        if reasons is None:
            return ()
        window = self._windows.get(reading.subject)
        if window is None:
            window = self._windows[reading.subject] = _Window()
        now, causes = reading.timestamp / 1000, _causes(tuple(reasons)) if reasons else ()
        window.add(now, causes)
        _note_clock(window, reading, slowed=bool(causes))
        if now - window.judged < EVERY or not (causes or reading.subject in self._ledger):
            return ()
        window.judged = now
        return self._judge(reading, window) if len(window.steps) >= FEWEST_READINGS else ()

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``subject``, which is no longer read, and end its finding."""
        self._windows.pop(subject, None)
        return self._ledger.end(subject, timestamp)

    def _judge(self, reading: Reading, window: _Window) -> Iterable[Finding]:
        subject, cap = reading.subject, window.share(_CAP)
        cause = max(_CAUSES, key=window.share)
        share = window.share(cause)
        if share >= self._share and window.number[cause] >= FEWEST_SLOW:
            return self._report(reading, window, cause, share, Severity.WARNING)
        window.capped.note(reading.timestamp / 1000, holds=cap >= self._cap)
        if window.busy >= FULL_LOAD and window.capped.lasts(WINDOW_SECONDS, 1):
            return self._report(reading, window, _CAP, cap, Severity.INFO)
        is_calm = share < END * self._share and cap < CAP_END * self._cap
        window.calm.note(reading.timestamp / 1000, holds=is_calm)
        if window.calm.lasts(WINDOW_SECONDS, 1):
            return self._ledger.end(subject, reading.timestamp)
        return ()

    def _report(
        self, reading: Reading, window: _Window, cause: str, share: float, severity: Severity
    ) -> Iterable[Finding]:
        if self._ledger.is_recent(reading.subject, severity, reading.timestamp):
            return ()
        name = "the power cap" if cause == _CAP else f"a {cause}"
        numbers = {"share": Measure(round(100 * share), "%")}
        lost = ""
        if window.slowed and window.fastest > window.slowed:
            percent = 100 * (1 - window.slowed / window.fastest)
            numbers["clock lost"] = Measure(round(percent), "%")
            lost = f"; the clock falls from {window.fastest:.0f} to {window.slowed:.0f} MHz"
        start = round(window.steps[0][0] * 1000)
        minutes = max(1, round((reading.timestamp - start) / 60_000))
        return self._ledger.report(
            reading,
            reading.subject,
            severity,
            f"{device_name(reading.subject)}: {name} was active during {share:.0%} of "
            f"the last {minutes} min{lost}",
            Evidence(start, reading.timestamp, numbers),
            advice=_ADVICE[cause],
        )


@lru_cache(maxsize=256)  # bounded because any client can publish made-up combinations
def _causes(reasons: tuple[str, ...]) -> Collection[str]:
    causes = [cause for cause, names in _CAUSES.items() if not set(names).isdisjoint(reasons)]
    return (*causes, _CAP) if _CAP in reasons else causes


def _note_clock(window: _Window, reading: Reading, *, slowed: bool) -> None:
    busy, clock = reading.values.get("utilization"), reading.values.get("sm_clock")
    window.busy += 0.1 * ((busy or 0.0) - window.busy)
    if clock is None:
        return
    if slowed:
        window.slowed += (0.2 if window.slowed else 1.0) * (clock - window.slowed)
    elif busy:
        window.fastest = max(window.fastest, clock)
