"""One GPU through NVML, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pynvml

from collector.sensors.nvml import (
    DEVICE_GONE,
    NOT_REPORTED,
    concerns_all,
    explain_absence,
    explain_device_problem,
)
from collector.sensors.nvml_probes import EACH_TIME, SELDOM, Handle, Probe, credible
from telemetry.channels import GPU
from telemetry.errors import SensorAbsent

_SELDOM_SECONDS = 30.0
_FIELDS = tuple(field.name for field in GPU.fields)


class _Answers(NamedTuple):
    values: dict[str, object]
    failures: dict[str, str]  # what NVML said instead, by field


class Device:
    """One GPU. ``problem`` is a sentence that says why its newest reading lacks values, or None.

    A value that the GPU does not report is no problem.
    """

    def __init__(self, index: int) -> None:
        """Take NVML's ``index``; ask nothing yet."""
        self.index = index
        self.problem: str | None = None
        self._handle: Handle | None = None
        self._seldom = _Answers({}, {})
        self._seldom_due = float("-inf")

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
            answers = _ask(handle, EACH_TIME)
            if now >= self._seldom_due:
                self._ask_seldom(handle, now)
        except pynvml.NVMLError as error:
            self._give_up(error)
            return values | self._seldom.values
        self._note_failures(answers)
        return values | self._seldom.values | answers.values

    def _find_handle(self) -> Handle:
        if self._handle is None:
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(self.index)
        return self._handle

    def _ask_seldom(self, handle: Handle, now: float) -> None:
        answers = _ask(handle, SELDOM)
        self._seldom = _Answers(self._identity() | answers.values, answers.failures)
        if not answers.failures:
            self._seldom_due = now + _SELDOM_SECONDS

    def _identity(self) -> dict[str, object]:
        known = self._seldom.values
        return {"name": known.get("name"), "uuid": known.get("uuid")}

    def _give_up(self, error: pynvml.NVMLError) -> None:
        if concerns_all(error):
            raise SensorAbsent(explain_absence(error)) from None
        self._forget_handle(explain_device_problem(error, self.index))

    def _note_failures(self, answers: _Answers) -> None:
        failures = answers.failures | self._seldom.failures
        said = ", ".join(sorted(set(failures.values())))
        if answers.failures and not answers.values:
            self._forget_handle(f"does not answer ({said}): see the kernel log")
        elif failures:
            self.problem = f"{self._label()} does not tell its {', '.join(failures)} ({said})."
        else:
            self.problem = None

    def _forget_handle(self, problem: str) -> None:
        self.problem = f"{self._label()} {problem}."
        self._handle = None
        self._seldom = _Answers(self._identity(), {})
        self._seldom_due = float("-inf")

    def _label(self) -> str:
        return f"GPU {self.index} ({self.name})" if self.name else f"GPU {self.index}"


def _ask(handle: Handle, probes: Iterable[Probe]) -> _Answers:
    # Raises the error where it concerns more than the one value that was asked for.
    answers = _Answers({}, {})
    for fields, ask in probes:
        try:
            for field, value in zip(fields, ask(handle), strict=True):
                answers.values[field] = credible(field, value)
        except pynvml.NVMLError as error:
            if error.value in DEVICE_GONE or concerns_all(error):
                raise
            if error.value not in NOT_REPORTED:
                answers.failures.update(dict.fromkeys(fields, str(error)))
        except Exception as error:  # noqa: BLE001 - pynvml at odds with the driver, a name not UTF-8
            answers.failures.update(dict.fromkeys(fields, type(error).__name__))
    return answers
