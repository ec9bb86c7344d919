"""Queries a GPU through NVML, and collects the values, failures and unsupported calls."""

from collections.abc import Iterable
from typing import NamedTuple

import pynvml

from collector.sensors.gpu.nvml.library import DEVICE_GONE, NOT_REPORTED, Handle, concerns_all
from collector.sensors.gpu.nvml.probes import PER_SECOND, Probe, credible, means_no_value

# The answer "not supported" seldom changes, but the answer "no data" may change soon.
_LASTING = NOT_REPORTED - {pynvml.NVML_ERROR_NO_DATA}


class Answers(NamedTuple):
    """A GPU's answers to some probes; a probe is an NVML call (see ``Probe``).

    ``values`` and ``failures`` (the reasons why fields have no value) are keyed by field.
    ``lacking`` contains the probes that the GPU does not support, each with NVML's error.
    """

    values: dict[str, object]
    failures: dict[str, str]
    lacking: dict[Probe, str]

    def joined(self, other: "Answers") -> "Answers":
        """Return these answers merged with ``other``."""
        return Answers(
            self.values | other.values,
            self.failures | other.failures,
            self.lacking | other.lacking,
        )


def ask(handle: Handle, probes: Iterable[Probe]) -> Answers:
    """Call each of ``probes`` and return the answers.

    Raises an NVMLError only if the error concerns the whole GPU or all GPUs.
    """
    answers = Answers({}, {}, {})
    for probe in probes:
        try:
            for field, value in zip(probe.fields, probe.ask(handle), strict=True):
                accepted = value if field in PER_SECOND else credible(field, value)
                answers.values[field] = accepted
                if accepted is None and not means_no_value(value):
                    answers.failures[field] = "out of range"
        except pynvml.NVMLError as error:
            if error.value in DEVICE_GONE or concerns_all(error):
                raise
            if error.value in _LASTING:
                answers.lacking[probe] = str(error)
            elif error.value not in NOT_REPORTED:
                answers.failures.update(dict.fromkeys(probe.fields, str(error)))
        except Exception as error:  # noqa: BLE001 - pynvml may not fit the driver, or a name may not be UTF-8
            answers.failures.update(dict.fromkeys(probe.fields, type(error).__name__))
    return answers
