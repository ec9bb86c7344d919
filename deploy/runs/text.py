"""Formats the summary of a run for the user. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from deploy.runs.child import End
from telemetry.quantities import duration, energy, size

_LABEL_WIDTH = 10
_NOTE = "* This value covers whole GPUs or the whole machine, including other processes."


def summary(name: str, end: End, values: Mapping[str, Any], gpus: Collection[int]) -> str:
    """Return the summary of a run as several lines of text."""
    how = f"exit code {end.status}" if end.signal is None else f"signal {end.signal}"
    head = f"system-monitor: {name} ended after {duration(values['duration'])} with {how}"
    lines = [f"  {label:<{_LABEL_WIDTH}} {text}" for label, text in _facts(values, gpus) if text]
    notes = [f"  {_NOTE}"] if values["whole_machine"] else []
    return "\n".join([head, *lines, *notes])


def _facts(values: Mapping[str, Any], gpus: Collection[int]) -> Iterator[tuple[str, str]]:
    def shown(form: str, name: str, text: Callable[[float], str] = "{:.3g}".format) -> str:
        if values[name] is None:
            return ""
        return form.format(text(values[name])) + "*" * (name in values["whole_machine"])

    used = (
        shown("{} GPU hours", "gpu_hours"),
        shown("{}% utilization", "gpu_utilization_mean"),
        shown("at most {} of memory", "gpu_memory_peak", size),
    )
    spent = (
        shown("{}", "energy_joules", energy),
        shown("slowed down {}% of the time", "throttled_share"),
        shown("left idle {}% of the time", "idle_held_share"),
    )
    traffic = (
        shown("{} read", "read_bytes", size),
        shown("{} written", "written_bytes", size),
    )
    yield f"GPU {','.join(map(str, sorted(gpus)))}" if gpus else "GPUs", _joined(used)
    yield "", _joined(spent)
    yield "CPU", shown("{} of CPU time", "cpu_seconds", duration)
    yield "RAM", shown("at most {}", "ram_peak", size)
    yield "Storage", _joined(traffic)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(filter(None, parts))
