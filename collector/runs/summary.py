"""Computes the summary of a run under way, from GPU samples and the run's processes. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from collector.runs.tree import TreeUsage

Row: TypeAlias = Mapping[str, Any]
"""A list entry in a sample, such as one of a GPU's processes."""

_LONGEST_STEP = 65_000  # ms: the longest interval between two readings, and some delay
_HOUR = 3_600_000
# The throttle reasons that slow down a GPU that has work to do. The other throttle reasons are
# settings, or mean that the GPU has no work.
_SLOWDOWNS = {
    *("sw_power_cap", "hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown"),
    "hw_power_brake_slowdown",
}


@dataclass(slots=True)
class _Mean:
    """The time-weighted mean of a value."""

    milliseconds: float = 0.0
    area: float = 0.0

    def add(self, milliseconds: float, value: float) -> None:
        self.milliseconds += milliseconds
        self.area += milliseconds * value

    @property
    def value(self) -> float | None:
        return round(self.area / self.milliseconds, 2) if self.milliseconds else None


@dataclass(slots=True)
class _Gpu:
    """The newest sample of a GPU, and when its processes were last listed."""

    values: Mapping[str, Any] = field(default_factory=dict)
    values_at: int | None = None
    listed_at: int | None = None
    energy: float | None = None
    memory: float | None = None  # bytes that the run holds


class GpuUse:
    """Adds up a run's use of GPUs.

    A GPU counts as used while a process of the run is on it. If such a process is in a list of the
    GPU's processes, it is assumed to have been on the GPU since the previous list.

    Some values, such as the utilization, are measured for the whole GPU. If other processes are on
    the GPU too, these values still count, but their names are added to ``whole_machine``. If the
    driver does not report the processes, or they cannot be identified, the GPUs that the run uses
    might be unknown. The values of all GPUs then count, and their names are added to
    ``whole_machine``. ``gpu_hours`` counts only GPUs that the run is known to use.
    """

    def __init__(self, started: int, seed: Mapping[str, Any], gpus: Iterable[int]) -> None:
        """Begin at ``started``, in Unix milliseconds.

        ``seed`` is the summary in an earlier state of the run; ``gpus`` are the GPUs in that state.
        """
        self.gpus = set(gpus)
        self.whole_machine: set[str] = set(seed.get("whole_machine") or ())
        self._started = started
        self._by_id: dict[int, _Gpu] = {}
        hours = seed.get("gpu_hours")
        self._held: float | None = None if hours is None else hours * _HOUR
        self._utilization = self._seeded(seed.get("gpu_utilization_mean"))
        self._throttled = self._seeded(seed.get("throttled_share"))
        self._idle = self._seeded(seed.get("idle_held_share"))
        self._energy: float | None = seed.get("energy_joules")
        self._memory_peak: float | None = seed.get("gpu_memory_peak")

    def _seeded(self, value: float | None) -> _Mean:
        held = self._held or 0.0
        return _Mean() if value is None else _Mean(held, held * value)

    def note_sample(self, gpu: int, timestamp: int, values: Mapping[str, Any]) -> None:
        """Keep a GPU's sample until the process list with the same timestamp arrives."""
        known = self._by_id.setdefault(gpu, _Gpu())
        known.values, known.values_at = values, timestamp

    def note_processes(
        self, gpu: int, timestamp: int, values: Mapping[str, Any], is_ours: Callable[[Row], bool]
    ) -> None:
        """Evaluate the process list of ``gpu``; ``is_ours`` selects the run's processes."""
        known = self._by_id.setdefault(gpu, _Gpu())
        rows: Sequence[Row] | None = values.get("processes")
        unknown = rows is None or any(row.get("started") is None for row in rows)
        ours = [row for row in rows or () if is_ours(row)]
        if not unknown:
            self._held = self._held or 0.0
        if ours:
            self.gpus.add(gpu)
        if ours or (unknown and not self.gpus):
            self._count(known, timestamp, ours, alone=rows is not None and len(ours) == len(rows))
        else:
            known.memory = None
        known.listed_at = timestamp
        known.energy = known.values.get("energy") if known.values_at == timestamp else None

    def values(self) -> dict[str, Any]:
        """Return the summary's values about GPUs; an unknown value is None."""
        return {
            "gpu_hours": None if self._held is None else round(self._held / _HOUR, 6),
            "gpu_utilization_mean": self._utilization.value,
            "gpu_memory_peak": self._memory_peak,
            "energy_joules": None if self._energy is None else round(self._energy, 1),
            "throttled_share": self._throttled.value,
            "idle_held_share": self._idle.value,
        }

    def _count(self, known: _Gpu, timestamp: int, ours: Sequence[Row], *, alone: bool) -> None:
        values = known.values if known.values_at == timestamp else {}
        step = self._step(known, timestamp)
        if ours and self._held is not None:
            self._held += step
        utilization, reasons = values.get("utilization"), values.get("throttle_reasons")
        if utilization is not None:
            self._utilization.add(step, utilization)
            self._note_scope("gpu_utilization_mean", alone=alone)
            if ours:
                self._idle.add(step, 100.0 * (utilization == 0))
                self._note_scope("idle_held_share", alone=alone)
        if reasons is not None:
            self._throttled.add(step, 100.0 * (not _SLOWDOWNS.isdisjoint(reasons)))
            self._note_scope("throttled_share", alone=alone)
        self._count_energy(known, values, step, timestamp, alone=alone)
        self._note_memory(known, values, ours)

    def _step(self, known: _Gpu, timestamp: int) -> float:
        """Return how much of the time since the previous list counts towards the run, in ms."""
        before = known.listed_at
        if before is None or not 0 < timestamp - before <= _LONGEST_STEP:
            return 0.0
        return max(0.0, timestamp - max(before, self._started))

    def _count_energy(
        self, known: _Gpu, values: Mapping[str, Any], step: float, timestamp: int, *, alone: bool
    ) -> None:
        energy = values.get("energy")
        if energy is None or known.energy is None or known.listed_at is None or not step:
            return
        share = step / (timestamp - known.listed_at)
        if energy >= known.energy:  # a lower value means a driver that was reloaded
            self._energy = (self._energy or 0.0) + share * (energy - known.energy)
            self._note_scope("energy_joules", alone=alone)

    def _note_memory(self, known: _Gpu, values: Mapping[str, Any], ours: Sequence[Row]) -> None:
        held = [row.get("memory_used") for row in ours]
        own = bool(held) and None not in held
        known.memory = sum(each or 0 for each in held) if own else values.get("memory_used")
        if known.memory is None:
            return
        self._note_scope("gpu_memory_peak", alone=own)
        together = sum(each.memory or 0 for each in self._by_id.values())
        self._memory_peak = max(self._memory_peak or 0, together)

    def _note_scope(self, name: str, *, alone: bool) -> None:
        if not alone:
            self.whole_machine.add(name)


class RunSummary:
    """Adds up the resources that a run uses: time, GPUs, CPU, RAM and storage traffic."""

    def __init__(
        self,
        started: int,
        seed: Mapping[str, Any] | None = None,
        gpus: Iterable[int] = (),
        *,
        is_part: bool = False,
    ) -> None:
        """Begin at ``started``, in Unix milliseconds.

        ``seed`` is an earlier summary of the run, to which new usage is added; ``gpus`` are the
        GPUs that the run had used by then. If processes of the run have already ended, their usage
        is known only from ``seed``. ``is_part`` is true if the run began later than its first
        process. In this case, the process's usage before the run does not count.
        """
        self._seed = seed or {}
        self._is_part = is_part
        self._started = started
        self.gpu = GpuUse(started, self._seed, gpus)
        self._usage: TreeUsage | None = None
        self._earlier: dict[str, float] = {}

    @property
    def seen_until(self) -> int:
        """The time up to which ``seed`` covers the run, in Unix milliseconds."""
        return self._started + round((self._seed.get("duration") or 0) * 1000)

    def note_usage(self, usage: TreeUsage) -> None:
        """Record the resources that the processes have used so far."""
        if self._usage is None:
            for name in ("cpu_seconds", "read_bytes", "written_bytes"):
                now, before = getattr(usage, name), self._seed.get(name)
                difference = (before or 0) - (now or 0)
                self._earlier[name] = difference if self._is_part else max(0, difference)
        self._usage = usage

    def values(self, now: int) -> dict[str, Any]:
        """Return the summary as of ``now`` (Unix milliseconds)."""
        gpu, usage, seed = self.gpu.values(), self._usage, self._seed
        peak = max(usage.ram_peak if usage else 0, seed.get("ram_peak") or 0)
        return {
            "duration": round(max(0, now - self._started) / 1000, 3),
            **gpu,
            "ram_peak": peak or None,
            **{name: self._total(name) for name in ("cpu_seconds", "read_bytes", "written_bytes")},
            "whole_machine": sorted(
                each for each in self.gpu.whole_machine if gpu[each] is not None
            ),
        }

    def _total(self, name: str) -> float | None:
        now: float | None = getattr(self._usage, name) if self._usage else self._seed.get(name)
        return None if now is None else round(now + self._earlier.get(name, 0), 2)
