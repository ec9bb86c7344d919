"""Reads one GPU through NVML, and describes its problem, if any."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import pynvml

from collector.sensors.gpu.driver import Clock, GpuDevice, GpuProcess, GpuReading
from collector.sensors.gpu.nvml.answers import Answers, ask
from collector.sensors.gpu.nvml.library import (
    Handle,
    concerns_all,
    explain_absence,
    explain_device_problem,
)
from collector.sensors.gpu.nvml.mig import MigInstances
from collector.sensors.gpu.nvml.probes import (
    COUNTERS,
    EACH_TIME,
    PER_SECOND,
    PROCESSES,
    SELDOM,
    Probe,
    credible,
)
from collector.sensors.gpu.nvml.processes import LISTINGS, merged
from collector.sensors.gpu.throttling import ThrottleShares
from collector.sensors.rates import RateMeter
from telemetry.errors import SensorAbsentError

_SELDOM_SECONDS = 30.0


class NvmlDevice(GpuDevice):
    """One GPU, identified by its index in NVML."""

    def __init__(self, index: int) -> None:
        """Store ``index`` without calling NVML."""
        self._index = index
        self._mig = MigInstances()
        self._handle: Handle | None = None
        self._seldom = Answers({}, {}, {})
        self._seldom_due = float("-inf")
        self._meter = RateMeter()
        self._throttling = ThrottleShares()
        self._skipped_until: dict[Probe, float] = {}  # of unsupported probes
        self._not_reported: Mapping[str, str] = {}

    @property
    def name(self) -> str | None:
        """The product name, such as ``NVIDIA L4``."""
        return self._identifier("name")

    @property
    def uuid(self) -> str | None:
        """NVML's UUID, such as ``GPU-8f0c5d3e-…``."""
        return self._identifier("uuid")

    def identify(self, clock: Clock) -> None:
        """Read the values that seldom change, including the name and the UUID."""
        try:
            self._read_seldom(self._find_handle(), clock())
        except pynvml.NVMLError as error:
            self._failed(_explanation(error, self._index))

    def read(self, clock: Clock) -> GpuReading:
        """Read the GPU's values, processes and MIG instances.

        The values that seldom change are read only every 30 s. If one of them cannot be read,
        the next call reads them all again.
        """
        try:
            handle, now = self._find_handle(), clock()
            answers = ask(handle, self._due(COUNTERS, now))
            rates = self._rates(answers, now, clock())
            answers = answers.joined(ask(handle, self._due((*EACH_TIME, *PROCESSES), now)))
            processes = _take_processes(answers)
            if answers.failures and not answers.values:
                reasons = _listed(answers.failures.values())
                return self._failed(f"does not answer ({reasons}): see the kernel log")
            instances = self._mig.read(handle, now)
            if now >= self._seldom_due:
                self._read_seldom(handle, now)
        except pynvml.NVMLError as error:
            return self._failed(_explanation(error, self._index))
        self._note_not_reported(answers.lacking, now)
        values = self._values(answers.values | rates, now)
        return GpuReading(
            values,
            processes,
            instances,
            self._problem(answers.failures | self._mig.failures, values),
            self._not_reported,
        )

    def unanswered(self) -> GpuReading:
        """Return only the values that identify the GPU and its MIG instances."""
        return GpuReading(self._identity(), partitions=self._mig.unanswered(), answered=False)

    def forget_handle(self) -> None:
        """Discard the handle: the next reading gets a new one and reads all values again."""
        self._handle = None
        self._mig.forget_handles()
        self._seldom = Answers(self._identity(), {}, {})
        self._seldom_due = float("-inf")
        self._skipped_until = {}

    def _identifier(self, field: str) -> str | None:
        value = self._seldom.values.get(field)
        return None if value is None else str(value)

    def _identity(self) -> dict[str, object]:
        return {"name": self.name, "uuid": self.uuid}

    def _find_handle(self) -> Handle:
        if self._handle is None:
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(self._index)
        return self._handle

    def _due(self, probes: Iterable[Probe], now: float) -> Iterator[Probe]:
        return (probe for probe in probes if self._skipped_until.get(probe, now) <= now)

    def _read_seldom(self, handle: Handle, now: float) -> None:
        answers = ask(handle, SELDOM)
        self._seldom = answers._replace(values=self._identity() | answers.values)
        if not answers.failures:
            self._seldom_due = now + _SELDOM_SECONDS

    def _failed(self, problem: str) -> GpuReading:
        self.forget_handle()
        return self.unanswered()._replace(problem=problem)

    def _note_not_reported(self, lacking: Mapping[Probe, str], now: float) -> None:
        self._skipped_until.update(dict.fromkeys(lacking, now + _SELDOM_SECONDS))
        new = {
            field: reason
            for probe, reason in (*self._seldom.lacking.items(), *lacking.items())
            for field in probe.fields
            if field not in self._not_reported
        }
        if new:
            self._not_reported = {**self._not_reported, **new}

    def _values(self, current: Mapping[str, object], now: float) -> Mapping[str, object]:
        values = {**self._seldom.values, **current}
        values |= _margin(values)
        values["throttle_shares"] = self._shares(values.get("throttle_reasons"), now)
        return values

    def _rates(self, answers: Answers, before: float, after: float) -> dict[str, object]:
        # A rate meter takes pairs of counters: the second of each pair is unused here.
        counters = {
            field: (value, 0)
            for field in PER_SECOND
            if isinstance(value := answers.values.get(field), int | float)
        }
        rates = self._meter.rates(counters, after, took=after - before)
        return {
            field: None if rate is None else credible(field, round(rate[0] * PER_SECOND[field], 3))
            for field, rate in ((field, rates.get(field)) for field in PER_SECOND)
        }

    def _shares(self, reasons: object, now: float) -> Mapping[str, float] | None:
        self._throttling.note(now, reasons if isinstance(reasons, list) else None)
        return self._throttling.shares()

    def _problem(self, failures: Mapping[str, str], values: Mapping[str, object]) -> str | None:
        # A field that failed but has a value from another probe is not a problem.
        missing = {
            field: reason
            for field, reason in (*failures.items(), *self._seldom.failures.items())
            if values.get(field) is None
        }
        if not missing:
            return None
        return f"does not report {', '.join(missing)} ({_listed(missing.values())})"


def _explanation(error: pynvml.NVMLError, index: int) -> str:
    if concerns_all(error):
        raise SensorAbsentError(explain_absence(error)) from None
    return explain_device_problem(error, index)


def _take_processes(answers: Answers) -> Sequence[GpuProcess] | None:
    listings = [answers.values.pop(name) for name in LISTINGS if name in answers.values]
    return merged(cast("list[list[GpuProcess]]", listings)) if listings else None


def _listed(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(set(reasons)))


def _margin(values: Mapping[str, object]) -> dict[str, object]:
    # Drivers before R565 report only the threshold, from which the margin is computed here.
    slowdown, now = values.get("slowdown_temperature"), values.get("temperature")
    known = values.get("temperature_margin")
    if known is None and isinstance(slowdown, int) and isinstance(now, int):
        return {"temperature_margin": slowdown - now}
    return {}
