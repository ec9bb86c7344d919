"""``idle_gpu``: a GPU's memory is held while the GPU computes nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advisor.detectors.model import DEFAULTS, MINUTE, Kind, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.readings import Reading, device_name, process_name
from telemetry.catalogue.thresholds import effective

# A GPU works if its power is above ACTIVE_POWER times its lowest power (see _Floor), plus
# ACTIVE_WATTS. A mean power above ACTIVE_MEAN times the lowest power of the stretch, plus
# ACTIVE_MEAN_WATTS, shows rare work; with few readings, FLAT_WATTS above it may show rare work.
ACTIVE_POWER, ACTIVE_WATTS = 1.15, 5.0
ACTIVE_MEAN, ACTIVE_MEAN_WATTS = 1.03, 2.0
FLAT_WATTS = 1.0
# In the mean, no burst of work counts for more than BURST_POWER times the lowest power, plus
# BURST_WATTS.
BURST_POWER, BURST_WATTS = 1.3, 10.0
LEAST_MEAN = 0.9  # a mean power below this share of the lowest power is wrong
FORGET = 60 * MINUTE  # the lowest power is remembered for 1 to 2 times this; after gaps, up to 3
COOLING = 5 * MINUTE  # how long the power takes to fall to the idle power after work
BUSY_SECONDS = 40.0  # seconds of work that end a stretch
RECOVERY = 0.03  # share of the idle time that is subtracted from the seconds of work
LONGEST_BURST = 15.0  # seconds for which a single reading can count as work
LONGEST_HIDDEN_BURST = 30.0  # longer if only the power shows work: readings miss more of such work
FEWEST_READINGS = 40  # at long intervals, 15 min contain too few readings to show rare work
FEWEST_MEANS = 12  # enough readings if they contain the mean power, and it is flat
# After a gap without readings, in which the GPU may have worked, a new stretch begins. While a
# finding is active, a gap of up to _LONG_GAP does not end the stretch, but is not idle time either.
_GAP, _LONG_GAP = 2.5 * MINUTE, 10 * MINUTE
_GIGABYTE = 1e9
# Threshold "held": a context alone takes 300 to 700 MB. Threshold "warning": a GPU-hour is lost.
_USUAL = effective("idle_gpu", {})
_ADVICE = (
    "Close the notebook, end the process, or free the process's GPU memory, so that others can use "
    "the GPU. If the process should be working, find out what it is waiting for."
)


@dataclass(slots=True)
class _Floor:
    """The lowest recent power of a GPU, from readings while its memory was held."""

    power: float = 1e9  # watts, since ``since``
    before: float = 1e9  # watts, in the time FORGET before
    since: int = 0

    def note(self, now: int, power: float) -> float:
        """Add a reading; return the power above which the GPU counts as working."""
        age = now - self.since
        if age > FORGET:
            self.before = self.power if age <= 2 * FORGET else 1e9
            self.power, self.since = power, now
        self.power = min(self.power, power)
        return ACTIVE_POWER * min(self.power, self.before) + ACTIVE_WATTS


@dataclass(slots=True)
class _Stretch:
    """A stretch of time in which a GPU has hardly worked.

    ``busy`` counts the seconds of work in short bursts, and falls slowly while the GPU is idle.
    The stretch ends when ``busy`` reaches BUSY_SECONDS.
    """

    start: int
    newest: int
    lowest: float = 1e9  # lowest power in watts
    busy: float = 0.0
    reported: int = 0  # when the finding was last reported
    powers: float = 0.0  # sum of the power in each reading while idle and cooled down
    readings: int = 0  # number of readings in this sum
    number: int = 0  # number of all readings
    means: int = 0  # number of readings with a credible mean power since the previous reading

    def note(self, power: float, mean: float | None) -> None:
        """Add a reading whose utilization shows no work.

        ``mean`` is the mean power since the previous reading. ``lowest`` ignores ``mean``, because
        a single mean that happens to be too low would make all other readings look too high.
        """
        self.lowest = min(self.lowest, power)
        if mean is None or mean < LEAST_MEAN * self.lowest:
            mean = power
        else:
            self.means += 1
        if self.newest - self.start >= COOLING:
            self.powers += min(mean, BURST_POWER * self.lowest + BURST_WATTS)
            self.readings += 1

    def may_work(self) -> bool:
        """Return True if the mean power indicates work, or there are too few readings to tell."""
        mean = self.powers / self.readings if self.readings else 0.0
        if self.number >= FEWEST_READINGS:
            return mean > ACTIVE_MEAN * self.lowest + ACTIVE_MEAN_WATTS
        return self.means < FEWEST_MEANS or mean > self.lowest + FLAT_WATTS


class IdleGpu:
    """Tracks the utilization and power of each GPU whose memory is held."""

    kind: ClassVar[Kind] = Kind(
        "idle_gpu",
        "A GPU's memory is held while the GPU does nothing. The finding reports which process "
        "holds the memory, and for how long the GPU has been idle.",
        f"A finding begins if three conditions hold for {_USUAL['minutes']:g} min: at least "
        f"{_USUAL['held']:g} GB of the GPU's memory is in use, the utilization is below "
        f"{_USUAL['utilization']:g}%, and the power stays near the lowest power of the last "
        f"{FORGET / MINUTE:g} to {2 * FORGET / MINUTE:g} min.\n"
        "The detector needs "
        f"at least {FEWEST_READINGS} readings to judge the power, or {FEWEST_MEANS} readings "
        "if the GPU's energy counter shows that the power was also low between the readings.\n"
        "The finding begins as an `info`, and becomes a `warning` once the GPU has been idle for "
        f"{_USUAL['warning']:g} min.\n"
        "Short bursts of work are ignored if they take at most "
        f"{RECOVERY:.0%} of the time.\n"
        "Until the finding "
        f"begins, the {_USUAL['minutes']:g} min start again after each gap of more than "
        f"{_GAP / MINUTE:g} min between readings.\n"
        f"The finding ends after {BUSY_SECONDS:g} s of "
        f"work, after a gap of more than {_LONG_GAP / MINUTE:g} min between readings, or once the "
        "memory is released.",
        "a process that holds only a CUDA context (about 300 MB)\n"
        "pauses for a checkpoint or an evaluation\n"
        "a training run with kernels so short that the driver reports 0% utilization "
        "(the power shows that the run works)",
        "The driver can report 0% utilization for a training run with very short kernels. The "
        "run's GPU then counts as idle if it does not report its power, or if none of its readings "
        "in the last two hours showed a much lower power.\n"
        "In MIG mode, the driver reports no utilization, so no finding is reported.",
        "the utilization: the job-monitoring tool jobstats highlights a mean utilization below "
        "15%, and our threshold of 5% reports fewer GPUs; the power: traces of real GPUs, where "
        "working GPUs show 0 to 1% utilization for up to 28 min while they draw 1.5 to 2.3 times "
        "their idle power, and the power of idle GPUs varies by only 0.03 to 0.5 W",
    )

    families: ClassVar[Collection[str]] = frozenset({"gpu", "gpu_processes"})

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no GPUs."""
        self._limits = effective(self.kind.name, thresholds)
        self._held = self._limits["held"] * _GIGABYTE
        self._ledger = Ledger(self.kind.name)
        self._stretches: dict[str, _Stretch] = {}
        self._floors: dict[str, _Floor] = {}
        self._processes: dict[str, Sequence[Mapping[str, Any]]] = {}  # on each GPU

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``."""
        if reading.family == "gpu":
            return self._judge(reading)
        self._processes[reading.subject] = reading.values.get("processes") or ()
        return ()

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``subject``, which is no longer read, and end its finding."""
        self._processes.pop(subject, None)
        self._floors.pop(subject, None)
        return self._end(subject, timestamp)

    def _end(self, subject: str, timestamp: int) -> Iterable[Finding]:
        self._stretches.pop(subject, None)
        return self._ledger.end(subject, timestamp)

    def _judge(self, reading: Reading) -> Iterable[Finding]:
        now, subject = reading.timestamp, reading.subject
        utilization = reading.values.get("utilization")
        if utilization is None or (reading.values.get("memory_used") or 0) < self._held:
            return self._end(subject, now)
        visible = utilization >= self._limits["utilization"]
        stretch = self._stretches.get(subject)
        if stretch is None:
            if visible:
                return ()
            stretch = self._stretches[subject] = _Stretch(now, now)
        step, stretch.newest = now - stretch.newest, now
        if step > (_LONG_GAP if subject in self._ledger else _GAP):
            return self._end(subject, now)
        if step > _GAP:
            stretch.start, step = stretch.start + step, 0
        seconds = step / 1000
        stretch.number += 1
        if self._is_at_work(reading, stretch, visible=visible):
            stretch.busy += min(seconds, LONGEST_BURST if visible else LONGEST_HIDDEN_BURST)
        else:
            stretch.busy = max(0.0, stretch.busy - RECOVERY * seconds)
        if stretch.busy >= BUSY_SECONDS:
            return self._end(subject, now)
        too_short = now - stretch.start < self._limits["minutes"] * MINUTE
        if too_short or now - stretch.reported < MINUTE or self._is_unsure(subject, stretch):
            return ()
        stretch.reported = now
        return self._report(reading, stretch, reading.values["memory_used"])

    def _is_at_work(self, reading: Reading, stretch: _Stretch, *, visible: bool) -> bool:
        """Return whether the GPU is working; ``visible`` is whether its utilization shows work."""
        power = reading.values.get("power")
        if power is None:
            return visible
        most = self._floors.setdefault(reading.subject, _Floor()).note(reading.timestamp, power)
        if not visible:
            stretch.note(power, reading.values.get("power_average"))
        return visible or power > most

    def _is_unsure(self, subject: str, stretch: _Stretch) -> bool:
        return subject not in self._ledger and stretch.may_work()

    def _report(self, reading: Reading, stretch: _Stretch, held: float) -> Iterable[Finding]:
        minutes = (reading.timestamp - stretch.start) / MINUTE
        holder = _holder(self._processes.get(reading.subject, ())) or "a process"
        return self._ledger.report(
            reading,
            reading.subject,
            Severity.WARNING if minutes >= self._limits["warning"] else Severity.INFO,
            f"{device_name(reading.subject)}: {holder} holds {held / _GIGABYTE:.1f} GB "
            f"and has left the GPU idle for {minutes:.0f} min",
            Evidence(
                stretch.start,
                reading.timestamp,
                {
                    "held": Measure(round(held / _GIGABYTE, 1), "GB"),
                    "idle": Measure(round(minutes), "min"),
                    "lost": Measure(round(minutes / 60, 2), "GPU-hours"),
                },
            ),
            advice=_ADVICE,
        )


def _holder(processes: Iterable[Mapping[str, Any]]) -> str:
    """Describe the process with the most GPU memory; return an empty string if there is none."""
    largest = max(processes, key=lambda each: each.get("memory_used") or 0, default=None)
    if largest is None:
        return ""
    user = f", {largest['user']}" if largest.get("user") else ""
    return f"{process_name(largest)} (PID {largest.get('pid')}{user})"
