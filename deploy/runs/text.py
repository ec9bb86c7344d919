"""The summary of a run for the user. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from deploy.runs.child import End

_LABEL_WIDTH = 10
_NOTE = "* of the whole machine: other processes were on these GPUs, or they cannot be told apart"


def summary(name: str, end: End, values: Mapping[str, Any], gpus: Collection[int]) -> str:
    """Return the summary of the run ``name``, several lines."""
    how = f"exit code {end.status}" if end.signal is None else f"signal {end.signal}"
    head = f"system-monitor: {name} ended after {duration(values['duration'])} with {how}"
    lines = [f"  {label:<{_LABEL_WIDTH}} {text}" for label, text in _facts(values, gpus) if text]
    notes = [f"  {_NOTE}"] if values["whole_machine"] else []
    return "\n".join([head, *lines, *notes])


def duration(seconds: float) -> str:
    """Return a duration with its two largest units, such as ``2 h 13 min``."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s"


def size(count: float) -> str:
    """Return a number of bytes with a decimal prefix, such as ``30.1 GB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":  # noqa: PLR2004 - the next prefix
            return f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError


def energy(joules: float) -> str:
    """Return an energy, such as ``1.2 kWh``."""
    watt_hours = joules / 3600
    return f"{watt_hours / 1000:.3g} kWh" if watt_hours >= 1000 else f"{watt_hours:.3g} Wh"  # noqa: PLR2004 - the next prefix


def _facts(values: Mapping[str, Any], gpus: Collection[int]) -> Iterator[tuple[str, str]]:
    def shown(form: str, name: str, text: Callable[[float], str] = "{:.3g}".format) -> str:
        if values[name] is None:
            return ""
        return form.format(text(values[name])) + "*" * (name in values["whole_machine"])

    used = (
        shown("{} GPU hours", "gpu_hours"),
        shown("{} % utilization", "gpu_utilization_mean"),
        shown("at most {} of memory", "gpu_memory_peak", size),
    )
    spent = (
        shown("{}", "energy_joules", energy),
        shown("slowed down {} % of the time", "throttled_share"),
        shown("left idle {} % of the time", "idle_held_share"),
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
