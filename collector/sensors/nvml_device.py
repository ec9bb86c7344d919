"""One GPU through NVML, and what is wrong with it."""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pynvml

from collector.sensors.nvml import (
    DEVICE_GONE,
    NOT_REPORTED,
    Handle,
    concerns_all,
    explain_absence,
    explain_device_problem,
)
from collector.sensors.nvml_probes import EACH_TIME, PER_SECOND, SELDOM, Probe, credible
from collector.sensors.rates import RateMeter
from telemetry.channels import GPU
from telemetry.errors import SensorAbsent

log = logging.getLogger(__name__)

_SELDOM_SECONDS = 30.0
# "Not supported" seldom changes; that there is no data, soon.
_LASTING = NOT_REPORTED - {pynvml.NVML_ERROR_NO_DATA}
_FIELDS = tuple(field.name for field in GPU.fields)


class _Answers(NamedTuple):
    values: dict[str, object]
    failures: dict[str, str]  # what NVML said instead, by field
    lacking: dict[Probe, str]  # what it said of a value that the GPU does not have


class Device:
    """One GPU. ``problem`` is a sentence that says why its newest reading lacks values, or None.

    A value that the GPU does not report is no problem.
    """

    def __init__(self, index: int) -> None:
        """Take NVML's ``index``; ask nothing yet."""
        self.index = index
        self.problem: str | None = None
        self._handle: Handle | None = None
        self._seldom = _Answers({}, {}, {})
        self._seldom_due = float("-inf")
        self._meter = RateMeter()
        self._left_out: dict[Probe, float] = {}  # when it is asked again
        self._lacking_told: set[Probe] = set()

    @property
    def name(self) -> str | None:
        """The product name, None as long as the GPU has not told it."""
        name = self._seldom.values.get("name")
        return None if name is None else str(name)

    @property
    def answers(self) -> bool:
        """Whether the GPU has told anything when it was asked last."""
        return self._handle is not None

    def identify(self, now: float) -> None:
        """Ask for what changes seldom, the name among it; ``now`` and errors as in ``read``."""
        try:
            self._ask_seldom(self._find_handle(), now)
        except pynvml.NVMLError as error:
            self._give_up(error)

    def read(self, now: float) -> Mapping[str, object]:
        """Return each of the catalogue's fields, None where there is no answer.

        ``now`` is monotonic, in seconds. Raises SensorAbsent where no GPU can be read any more.
        """
        values: dict[str, object] = dict.fromkeys(_FIELDS)
        try:
            handle = self._find_handle()
            answers = _ask(handle, self._probes_due(now))
            if now >= self._seldom_due:
                self._ask_seldom(handle, now)
        except pynvml.NVMLError as error:
            self._give_up(error)
            return values | self._seldom.values
        if answers.failures and not answers.values:
            said = _listed(answers.failures.values())
            self._forget_handle(f"does not answer ({said}): see the kernel log")
            return values | self._seldom.values
        self._note_lacking(answers.lacking, now)
        values |= self._seldom.values | answers.values
        values |= self._rates(answers, now) | _margin(values)
        self._note_failures(answers, values)
        return values

    def _probes_due(self, now: float) -> list[Probe]:
        return [probe for probe in EACH_TIME if self._left_out.get(probe, now) <= now]

    def _rates(self, answers: _Answers, now: float) -> dict[str, object]:
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

    def _note_lacking(self, lacking: Mapping[Probe, str], now: float) -> None:
        self._left_out.update(dict.fromkeys(lacking, now + _SELDOM_SECONDS))
        for probe, said in (self._seldom.lacking | dict(lacking)).items():
            if probe not in self._lacking_told:
                self._lacking_told.add(probe)
                log.info("%s does not report %s: %s", self._label(), ", ".join(probe.fields), said)

    def _find_handle(self) -> Handle:
        if self._handle is None:
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(self.index)
        return self._handle

    def _ask_seldom(self, handle: Handle, now: float) -> None:
        answers = _ask(handle, SELDOM)
        self._seldom = answers._replace(values=self._identity() | answers.values)
        if not answers.failures:
            self._seldom_due = now + _SELDOM_SECONDS

    def _identity(self) -> dict[str, object]:
        known = self._seldom.values
        return {"name": known.get("name"), "uuid": known.get("uuid")}

    def _give_up(self, error: pynvml.NVMLError) -> None:
        if concerns_all(error):
            raise SensorAbsent(explain_absence(error)) from None
        self._forget_handle(explain_device_problem(error, self.index))

    def _note_failures(self, answers: _Answers, values: Mapping[str, object]) -> None:
        # What failed and has its value from elsewhere is no problem.
        failures = {
            field: said
            for field, said in (answers.failures | self._seldom.failures).items()
            if values[field] is None
        }
        self.problem = (
            f"{self._label()} does not tell its {', '.join(failures)}"
            f" ({_listed(failures.values())})."
            if failures
            else None
        )

    def _forget_handle(self, problem: str) -> None:
        self.problem = f"{self._label()} {problem}."
        self._handle = None
        self._seldom = _Answers(self._identity(), {}, {})
        self._seldom_due = float("-inf")
        self._left_out = {}

    def _label(self) -> str:
        return f"GPU {self.index} ({self.name})" if self.name else f"GPU {self.index}"


def _ask(handle: Handle, probes: Iterable[Probe]) -> _Answers:
    # Raises the error where it concerns more than the one value that was asked for.
    answers = _Answers({}, {}, {})
    for probe in probes:
        fields, ask = probe
        try:
            for field, value in zip(fields, ask(handle), strict=True):
                counts = field in PER_SECOND
                answers.values[field] = value if counts else credible(field, value)
        except pynvml.NVMLError as error:
            if error.value in DEVICE_GONE or concerns_all(error):
                raise
            if error.value in _LASTING:
                answers.lacking[probe] = str(error)
            elif error.value not in NOT_REPORTED:
                answers.failures.update(dict.fromkeys(fields, str(error)))
        except Exception as error:  # noqa: BLE001 - pynvml at odds with the driver, a name not UTF-8
            answers.failures.update(dict.fromkeys(fields, type(error).__name__))
    return answers


def _listed(said: Iterable[str]) -> str:
    return ", ".join(sorted(set(said)))


def _margin(values: Mapping[str, object]) -> dict[str, object]:
    # Drivers before R565 tell only the threshold.
    slowdown, now = values["slowdown_temperature"], values["temperature"]
    if values["temperature_margin"] is None and isinstance(slowdown, int) and isinstance(now, int):
        return {"temperature_margin": slowdown - now}
    return {}
