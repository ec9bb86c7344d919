"""What the history has about a run, for tests of reports."""

from dataclasses import replace
from typing import Any

from api.reports.build import Material, build
from api.reports.content import Report
from api.runs.run import Run, RunState
from telemetry.catalogue import FINDING
from telemetry.events import END, Event
from telemetry.history.port import Columns
from tests.api.runs.examples import EXAMPLE

START = 1_767_225_600_000  # 2026-01-01 00:00 UTC
HOUR = 3_600_000
END_OF_RUN = START + HOUR
NOTHING = Material({}, {}, [], [])


def run(_state: RunState = RunState.ENDED, /, **values: Any) -> Run:
    given = {**EXAMPLE, "started": START, "ended": END_OF_RUN, "exit_code": 0, **values}
    return Run(Event("system/runs/r-1", f"r-1{END}", END_OF_RUN, "gpu-07", given), _state)


def columns(*values: float | None, name: str = "utilization", **others: float) -> Columns:
    step = HOUR // len(values)
    times = [START + number * step for number in range(len(values))]
    constant: dict[str, list[float | None]] = {}
    for other, value in others.items():
        constant[other.replace("__", ".")] = [value] * len(values)
    return Columns(times, {name: list(values), **constant})


def finding(minute: int, subject: str = "gpu0", severity: str = "warning", **values: Any) -> Event:
    """Return the beginning of a finding, ``minute`` minutes after the start of the run."""
    since = START + minute * 60_000
    example = {field.name: field.example for field in FINDING.fields}
    body = {**example, "subject": subject, "severity": severity, "since": since, **values}
    identity = f"{minute}-{subject}"
    return Event(f"system/findings/{body['kind']}/{subject}", identity, since, "gpu-07", body)


def over(begin: Event, minute: int) -> Event:
    """Return the end of the finding that began with ``begin``."""
    time = START + minute * 60_000
    return replace(
        begin, id=begin.id + END, timestamp=time, values={**begin.values, "state": "over"}
    )


def note(minute: int, text: str = "epoch 3", name: str | None = None) -> Event:
    values: dict[str, object] = {"text": text, "tags": ["train"], "run": name}
    return Event("system/annotations", str(minute), START + minute * 60_000, None, values)


def made(material: Material = NOTHING, this: Run | None = None) -> Report:
    return build(this or run(), START, END_OF_RUN, material)
