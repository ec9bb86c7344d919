"""One GPU through NVML, and what is wrong with it."""

import logging
from collections.abc import Iterable, Mapping
from typing import cast

import pynvml

from collector.sensors.gpu.nvml.answers import Answers, ask
from collector.sensors.gpu.nvml.library import (
    Handle,
    concerns_all,
    explain_absence,
    explain_device_problem,
)
from collector.sensors.gpu.nvml.mig import MigInstances
from collector.sensors.gpu.nvml.probes import (
    EACH_TIME,
    PER_SECOND,
    PROCESSES,
    SELDOM,
    Probe,
    credible,
)
from collector.sensors.gpu.nvml.processes import LISTINGS, GpuProcess, merged
from collector.sensors.gpu.throttling import ThrottleShares
from collector.sensors.rates import RateMeter
from telemetry.catalogue import GPU
from telemetry.errors import SensorAbsentError

log = logging.getLogger(__name__)

_SELDOM_SECONDS = 30.0
_FIELDS = tuple(field.name for field in GPU.fields)


class Device:
    """One GPU. ``problem`` is a sentence that says why its newest reading lacks values, or None.

    A value that the GPU does not report is no problem. ``processes`` are those that used the GPU at
    the newest reading, or None where it does not tell them; ``mig`` are the readings of its MIG
    instances, by their indices.
    """

    def __init__(self, index: int) -> None:
        """Take NVML's ``index``; ask nothing yet."""
        self.index = index
        self.problem: str | None = None
        self.processes: list[GpuProcess] | None = None
        self.mig: Mapping[int, Mapping[str, object]] = {}
        self._mig = MigInstances()
        self._handle: Handle | None = None
        self._seldom = Answers({}, {}, {})
        self._seldom_due = float("-inf")
        self._meter = RateMeter()
        self._throttling = ThrottleShares()
        self._left_out: dict[Probe, float] = {}  # when it is asked again
        self._lacking_told: set[Probe] = set()

    @property
    def name(self) -> str | None:
        """The product name, None as long as the GPU has not told it."""
        name = self._seldom.values.get("name")
        return None if name is None else str(name)

    @property
    def label(self) -> str:
        """What the GPU is called in a sentence, such as ``GPU 0 (NVIDIA L4)``."""
        return f"GPU {self.index} ({self.name})" if self.name else f"GPU {self.index}"

    @property
    def identity(self) -> dict[str, object]:
        """The name and UUID, None as long as the GPU has not told them."""
        known = self._seldom.values
        return {"name": known.get("name"), "uuid": known.get("uuid")}

    @property
    def answers(self) -> bool:
        """Whether the GPU has told anything when it was asked last."""
        return self._handle is not None

    def identify(self, now: float) -> Mapping[str, object]:
        """Ask for what changes seldom, the name among it; ``now`` and errors as in ``read``."""
        try:
            self._ask_seldom(self._find_handle(), now)
        except pynvml.NVMLError as error:
            self._give_up(error)
        return self._seldom.values

    def read(self, now: float) -> Mapping[str, object]:
        """Return each of the catalogue's fields, None where there is no answer.

        ``now`` is monotonic, in seconds. Raises SensorAbsentError once no GPU can be read.
        """
        values = self.silence()
        self.processes = None
        self.mig = self._mig.silence()
        try:
            handle = self._find_handle()
            answers = ask(handle, self._probes_due(now))
            self._read_mig(handle, answers, now)
            if now >= self._seldom_due:
                self._ask_seldom(handle, now)
        except pynvml.NVMLError as error:
            self._give_up(error)
            return values | self._seldom.values
        self._take_processes(answers)
        if answers.failures and not answers.values:
            said = _listed(answers.failures.values())
            self._forget_handle(f"does not answer ({said}): see the kernel log")
            return values | self._seldom.values
        self._note_lacking(answers.lacking, now)
        values |= self._seldom.values | answers.values
        values |= self._rates(answers, now) | _margin(values)
        values["throttle_shares"] = self._shares(values["throttle_reasons"], now)
        self._note_failures(answers, values)
        return values

    def silence(self) -> dict[str, object]:
        """Return the fields of a reading without an answer: all None but what the GPU is called."""
        return dict.fromkeys(_FIELDS) | self.identity

    def _probes_due(self, now: float) -> list[Probe]:
        probes = (*EACH_TIME, *PROCESSES)
        return [probe for probe in probes if self._left_out.get(probe, now) <= now]

    def _read_mig(self, handle: Handle, answers: Answers, now: float) -> None:
        if answers.failures and not answers.values:
            return
        self.mig = self._mig.read(handle, now)
        answers.failures.update(self._mig.failures)

    def _take_processes(self, answers: Answers) -> None:
        told = [answers.values.pop(name) for name in LISTINGS if name in answers.values]
        if told:
            self.processes = merged(cast("list[list[GpuProcess]]", told))

    def _rates(self, answers: Answers, now: float) -> dict[str, object]:
        # Each counter stands alone: a pair of its own, half of it unused.
        counters = {
            field: (value, 0)
            for field in PER_SECOND
            if isinstance(value := answers.values.get(field), int | float)
        }
        rates = self._meter.rates(counters, now)
        return {
            field: None if rate is None else credible(field, round(rate[0] * PER_SECOND[field], 3))
            for field, rate in ((field, rates.get(field)) for field in PER_SECOND)
        }

    def _shares(self, reasons: object, now: float) -> Mapping[str, float] | None:
        self._throttling.note(now, reasons if isinstance(reasons, list) else None)
        return self._throttling.shares()

    def _note_lacking(self, lacking: Mapping[Probe, str], now: float) -> None:
        self._left_out.update(dict.fromkeys(lacking, now + _SELDOM_SECONDS))
        for probe, said in (self._seldom.lacking | dict(lacking)).items():
            if probe not in self._lacking_told:
                self._lacking_told.add(probe)
                log.info("%s does not report %s: %s", self.label, ", ".join(probe.fields), said)

    def _find_handle(self) -> Handle:
        if self._handle is None:
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(self.index)
        return self._handle

    def _ask_seldom(self, handle: Handle, now: float) -> None:
        answers = ask(handle, SELDOM)
        self._seldom = answers._replace(values=self.identity | answers.values)
        if not answers.failures:
            self._seldom_due = now + _SELDOM_SECONDS

    def _give_up(self, error: pynvml.NVMLError) -> None:
        if concerns_all(error):
            raise SensorAbsentError(explain_absence(error)) from None
        self._forget_handle(explain_device_problem(error, self.index))

    def _note_failures(self, answers: Answers, values: Mapping[str, object]) -> None:
        # What failed and has its value from elsewhere is no problem.
        failures = {
            field: said
            for field, said in (answers.failures | self._seldom.failures).items()
            if values.get(field) is None
        }
        self.problem = (
            f"{self.label} does not tell its {', '.join(failures)} ({_listed(failures.values())})."
            if failures
            else None
        )

    def _forget_handle(self, problem: str) -> None:
        self.problem = f"{self.label} {problem}."
        self._handle = None
        self._mig.forget_handles()
        self._seldom = Answers(self.identity, {}, {})
        self._seldom_due = float("-inf")
        self._left_out = {}


def _listed(said: Iterable[str]) -> str:
    return ", ".join(sorted(set(said)))


def _margin(values: Mapping[str, object]) -> dict[str, object]:
    # Drivers before R565 tell only the threshold.
    slowdown, now = values["slowdown_temperature"], values["temperature"]
    if values["temperature_margin"] is None and isinstance(slowdown, int) and isinstance(now, int):
        return {"temperature_margin": slowdown - now}
    return {}
