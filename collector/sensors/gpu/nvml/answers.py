"""What a GPU answers to probes: values, failures, and what it does not have."""

from collections.abc import Iterable
from typing import NamedTuple

import pynvml

from collector.sensors.gpu.nvml.library import DEVICE_GONE, NOT_REPORTED, Handle, concerns_all
from collector.sensors.gpu.nvml.probes import PER_SECOND, Probe, credible, tells_nothing

# "Not supported" seldom changes; that there is no data, soon.
_LASTING = NOT_REPORTED - {pynvml.NVML_ERROR_NO_DATA}


class Answers(NamedTuple):
    """The ``values`` by field, and what NVML said where it gave none.

    ``failures`` is by field; ``lacking``, by probe, is what the GPU does not have.
    """

    values: dict[str, object]
    failures: dict[str, str]
    lacking: dict[Probe, str]


def ask(handle: Handle, probes: Iterable[Probe]) -> Answers:
    """Ask each of ``probes``; raises NVMLError where it concerns more than what was asked for."""
    answers = Answers({}, {}, {})
    for probe in probes:
        try:
            for field, value in zip(probe.fields, probe.ask(handle), strict=True):
                believed = value if field in PER_SECOND else credible(field, value)
                answers.values[field] = believed
                if believed is None and not tells_nothing(value):
                    answers.failures[field] = "out of range"
        except pynvml.NVMLError as error:
            if error.value in DEVICE_GONE or concerns_all(error):
                raise
            if error.value in _LASTING:
                answers.lacking[probe] = str(error)
            elif error.value not in NOT_REPORTED:
                answers.failures.update(dict.fromkeys(probe.fields, str(error)))
        except Exception as error:  # noqa: BLE001 - pynvml at odds with the driver, a name not UTF-8
            answers.failures.update(dict.fromkeys(probe.fields, type(error).__name__))
    return answers
