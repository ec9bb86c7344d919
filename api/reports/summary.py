"""Formats a run's facts, summary and end as text for the report. Pure."""

from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import NamedTuple

from api.reports import text
from api.reports.content import Report
from api.reports.markup import Markup, joined, user_text
from api.runs.run import Run, RunState
from telemetry import quantities
from telemetry.runs import failure_of

_SHOWN: dict[str, tuple[str, Callable[[float], str]]] = {
    "gpu_hours": ("GPU hours", quantities.digits),
    "gpu_utilization_mean": ("Mean GPU utilization", text.percent),
    "gpu_memory_peak": ("Peak GPU memory", quantities.size),
    "energy_joules": ("Energy used by the GPUs", quantities.energy),
    "throttled_share": ("Time slowed down", text.percent),
    "idle_held_share": ("Time GPUs were left idle", text.percent),
    "ram_peak": ("Peak RAM", quantities.size),
    "cpu_seconds": ("CPU time", quantities.duration),
    "read_bytes": ("Read from storage", quantities.size),
    "written_bytes": ("Written to storage", quantities.size),
}


class Tile(NamedTuple):
    """A number from a run's summary, with its label."""

    label: str
    value: str
    is_of_machine: bool


def tiles(report: Report) -> list[Tile]:
    """Return the duration of the run, and the numbers that its summary contains."""
    summary = report.run.values["summary"] or {}
    of_machine = summary.get("whole_machine") or ()
    known = summary.get("duration")
    seconds = (report.end - report.start) / 1000 if known is None else known
    found = [Tile("Duration", quantities.duration(seconds), is_of_machine=False)]
    for name, (label, shown) in _SHOWN.items():
        value = summary.get(name)
        if value is not None:
            found.append(Tile(label, shown(value), name in of_machine))
    return found


def facts(run: Run) -> Iterable[Markup]:
    """Return the host, user, GPUs, command, PID and id of the run, as far as known."""
    values = run.values
    gpus = values["gpus"] or []
    parts = [
        ("host ", run.key.host),
        ("user ", values["user"]),
        ("GPU " if len(gpus) == 1 else "GPUs ", ", ".join(gpus)),
        ("", values["command"]),
        ("PID ", values["pid"]),
        ("id ", run.key.id),
    ]
    known = [joined([label, user_text(value)]) for label, value in parts if value not in (None, "")]
    for index, part in enumerate(known):
        yield joined([Markup(" · ") if index else Markup(), part])


def outcome(run: Run) -> str:
    """Return how the run failed or, if no failure is known, the run's state."""
    failure = failure_of(run.values) if run.state is RunState.ENDED else None
    return failure or str(run.state)


def end_of(report: Report, zone: tzinfo) -> Markup:
    """Return sentences that state when the run began, and when and how it ended, if known."""
    run = report.run
    begin = text.moment(run.started, zone)
    end = text.moment(report.end, zone)
    match run.state:
        case RunState.RUNNING:
            return joined(f"Began on {begin}, and is still running.")
        case RunState.LOST:
            return joined(f"Began on {begin}. Its end is not known; this report ends on {end}.")
        case RunState.ENDED:
            return joined([f"Began on {begin}, and ended on {end}", *_how(run), "."])


def _how(run: Run) -> Iterable[str]:
    values = run.values
    if values["signal"]:
        yield " with the signal "
        yield user_text(values["signal"])
    elif values["exit_code"] is not None:
        yield f" with exit code {values['exit_code']}"
    else:
        yield "; its exit code is not known"
