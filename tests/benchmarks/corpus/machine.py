"""A simulated machine: jobs on GPUs, and what a collector publishes of them."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from telemetry.catalogue import gpu_channel, processes_channel
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus
from tests.benchmarks.corpus.energy import SHARE, EnergyCounter
from tests.benchmarks.corpus.jobs import EPOCH, HOUR, Job, Run, Truth
from tests.benchmarks.corpus.shapes import GIB, MIB, Shape, flat

HOST = "gpu-07"
ENERGY_SECONDS = 5.0  # for which the energy is computed from the utilization at one time
Content = Sample | CollectorStatus
Extra = Callable[[float], dict[str, Any]]


def nothing(_time: float) -> dict[str, Any]:
    """The machine has nothing else to report."""
    return {}


@dataclass
class Gpu:
    """A GPU with its jobs. ``overrides`` replaces what it reports at a time."""

    jobs: Sequence[Job] = ()
    total: float = 80 * GIB
    listed: bool = True  # whether the driver names the processes and their memory
    overrides: Extra = nothing
    idle_power: float = 70.0
    power_limit: float = 700.0
    warmer: float = 0.0  # than other slots, °C
    noise: float = 0.3  # of the power while idle, W
    temperature: float = field(default=35.0, init=False)
    energy: EnergyCounter | None = field(default=None, init=False)

    def sample(self, time: float, rng: Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the values of the GPU, and its processes."""
        used, busy, processes = 300 * MIB * 1.0, 0.0, []
        for job in self.jobs:
            memory = job.at(time)
            if memory is None:
                continue
            memory = max(0.0, memory)
            if used + memory > self.total:
                job.end = time  # out of memory
                if job.truth is not None:
                    job.truth.end = time
                continue
            used += memory
            busy = min(100.0, busy + max(0.0, job.utilization(time - job.start)))
            processes.append(self._process(job, memory))
        values = self._values(used, busy, bool(processes), rng)
        values |= self.overrides(time)
        if self.energy is not None:
            values |= self.energy.read(time, values["power"])
        return values, processes

    def use_energy(self, time: float, seconds: float) -> None:
        """Count the energy of ``seconds`` around ``time``."""
        if self.energy is not None:
            running = [job for job in self.jobs if job.start <= time < job.end]
            busy = sum(max(0.0, job.utilization(time - job.start)) for job in running)
            power = self._power(min(100.0, busy), context=bool(running))
            self.energy.use(float(self.overrides(time).get("power", power)), seconds)

    def _power(self, busy: float, *, context: bool) -> float:
        floor = self.idle_power * (1.6 if context else 1.0)
        return floor + 0.8 * (self.power_limit - floor) * max(0.0, busy - 2.0) / 98  # idle reads 1%

    def _process(self, job: Job, memory: float) -> dict[str, Any]:
        return {
            "pid": job.pid,
            "name": "python3",
            "command": job.command,
            "user": "ada",
            "memory_used": int(memory) if self.listed else None,
            "kind": "compute",
            "started": EPOCH + int(job.start * 1000),
        }

    def _values(self, used: float, busy: float, context: bool, rng: Random) -> dict[str, Any]:  # noqa: FBT001 - private
        power = self._power(busy, context=context) + rng.gauss(0, self.noise + busy / 20)
        self.temperature += 0.1 * (32 + 45 * power / self.power_limit - self.temperature)
        return {
            "utilization": round(busy),
            "memory_used": int(used),
            "memory_total": int(self.total),
            "temperature": round(self.temperature + self.warmer),
            "power": round(max(power, 5.0), 1),
            "power_limit": self.power_limit,
            "sm_clock": round(1980 - rng.random() * 30) if context else 345,
            "throttle_reasons": [] if context else ["gpu_idle"],
            "pcie_generation": 5 if busy else 1,
            "pcie_width": 16,
            "ecc_errors_uncorrected": 0,
            "ecc_errors_uncorrected_volatile": 0,
            "remapping_pending": 0,
            "retirement_pending": 0,
        }


@dataclass
class Machine:
    """What a collector publishes of a machine for ``hours``, every ``interval`` seconds.

    The timestamps jitter, the network loses stretches (``gaps``), and nothing is published while
    the collector restarts.
    """

    rng: Random
    hours: float
    gpus: Sequence[Gpu] = ()
    ram: Shape = field(default_factory=lambda: flat(40 * GIB))
    ram_total: float = 512 * GIB
    ram_truth: Truth | None = None
    cgroup: tuple[Shape, float] | None = None
    runs: Sequence[Run] = ()
    cpu: Extra = nothing
    memory: Extra = nothing
    statuses: Callable[[float], CollectorStatus | None] = lambda _time: None
    disk: Extra | None = None
    network: Extra | None = None
    neighbours: int = 0  # other hosts, which are healthy
    silent: list[tuple[float, float]] = field(default_factory=list)  # the collector is offline
    stopped: bool = False  # in these times it was stopped, and has not disappeared
    clock: Shape = field(default_factory=lambda: flat(0.0))  # how far ahead it is, seconds

    def __post_init__(self) -> None:
        """Draw the interval and the gaps."""
        pick = [2.0, 5.0, 10.0, 15.0, 30.0, 60.0]
        weights = [1, 4, 8, 8, 6, 2] if self.hours <= 8 else [0, 0, 1, 4, 8, 4]
        self.interval = self.rng.choices(pick, weights)[0]
        self.gaps = [
            (start, start + self.rng.uniform(20, 600))
            for start in (
                self.rng.uniform(0, self.hours * HOUR) for _ in range(self.rng.randint(0, 3))
            )
        ]
        self._ram_restarted = 0.0
        counts_energy = self.rng.random() < SHARE
        for gpu in self.gpus:
            gpu.noise = self.rng.uniform(0.03, 0.5)  # as in real recordings
            if counts_energy:
                gpu.energy = EnergyCounter(Random(self.rng.random()))  # noqa: S311 - not secret

    def contents(self) -> Iterator[Content]:
        """Yield what is published, in order."""
        time, was_silent = 0.0, False
        while time < self.hours * HOUR:
            step = self.interval * self.rng.uniform(0.98, 1.02)
            self._use_energy(time, step)
            time += step
            tick = list(self._tick(time))
            for number in range(self.neighbours):
                at = EPOCH + int(time * 1000)
                yield Sample("system/cpu", f"neighbour-{number}", at, {"utilization": 1.0})
            silent = any(start <= time < end for start, end in self.silent)
            if silent is not was_silent:
                was_silent = silent
                yield self._presence(time, offline=silent)
            if not silent and not any(start <= time < end for start, end in self.gaps):
                yield from tick

    def _use_energy(self, time: float, seconds: float) -> None:
        parts = math.ceil(seconds / ENERGY_SECONDS)
        for part in range(parts):
            at = time + (part + self.rng.random()) * seconds / parts
            for gpu in self.gpus:
                gpu.use_energy(at, seconds / parts)

    def _presence(self, time: float, *, offline: bool) -> CollectorStatus:
        state = CollectorState.OFFLINE if offline else CollectorState.ONLINE
        will = offline and not self.stopped
        at = EPOCH + (0 if will else int((time + self.clock(time)) * 1000))
        return CollectorStatus(HOST, at, state, "0", EPOCH, self.interval, last_will=will)

    def _tick(self, time: float) -> Iterator[Content]:
        at = EPOCH + int((time + self.clock(time)) * 1000)
        for number, gpu in enumerate(self.gpus):
            values, processes = gpu.sample(time, self.rng)
            if "lost" in values:
                continue
            yield Sample(gpu_channel(number), HOST, at, values)
            yield Sample(processes_channel(number), HOST, at, {"processes": processes})
        yield Sample("system/cpu", HOST, at, self._cpu(time))
        yield Sample("system/memory", HOST, at, self._memory(time))
        status = self.statuses(time)
        if status is not None:
            yield status
        if self.disk is not None:
            yield Sample("system/disk", HOST, at, self.disk(time))
        if self.network is not None:
            yield Sample("system/network", HOST, at, self.network(time))

    def _cpu(self, time: float) -> dict[str, Any]:
        busy = self.rng.uniform(5, 30)
        return {"utilization": busy, "per_core": [busy] * 8, "pressure_some": 0.0, **self.cpu(time)}

    def _memory(self, time: float) -> dict[str, Any]:
        rows = [row for run in self.runs if (row := run.row(time)) is not None]
        used = max(2 * GIB, self.ram(time - self._ram_restarted))
        used += sum(row["ram_used"] for row in rows)
        if used > self.ram_total and rows:
            largest = max(self.runs, key=lambda run: (run.row(time) or {}).get("ram_used", 0))
            largest.kill(time)
            rows, used = [], self.ram_total * 0.3
        if used > self.ram_total:
            self._ram_ends(time)
            used = 6 * GIB
        values = {
            "ram_used": int(used),
            "ram_total": int(self.ram_total),
            "swap_used": 0,
            "swap_total": 0,
            "pressure_some": 0.0,
            "pressure_full": 0.0,
            "swap_in_rate": 0.0,
            "swap_out_rate": 0.0,
            "oom_kills": 0,
            "runs": rows,
        }
        if self.cgroup is not None:
            shape, limit = self.cgroup
            charged = shape(time)
            if charged > limit:
                self._ram_ends(time)
                self.cgroup = flat(2 * GIB), limit
                charged = 2 * GIB
            values |= {"cgroup_used": int(charged), "cgroup_limit": int(limit)}
        return values | self.memory(time)

    def _ram_ends(self, time: float) -> None:
        """The kernel kills the process; what is left is small and flat."""
        if self.ram_truth is not None and self.ram_truth.end > time:
            self.ram_truth.end = time
        self.ram = flat(6 * GIB)
