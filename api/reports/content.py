"""The contents of a report. Pure."""

from dataclasses import dataclass, field

from api.runs.run import Run
from telemetry.events import Event


@dataclass(frozen=True, slots=True)
class Series:
    """A line: one value for each of the ascending ``timestamps``; None interrupts it."""

    name: str
    timestamps: list[int]
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines with one unit. The axis begins at 0 and ends at ``top``, if that is set."""

    title: str
    unit: str
    series: list[Series]
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding during the run; ``until`` is None if it was not over when the run ended."""

    kind: str
    subject: str
    severity: str
    since: int
    until: int | None
    summary: str
    advice: str


@dataclass(frozen=True, slots=True)
class Throttling:
    """Why a GPU was slow: a reason, and the mean share of the time in which it was active, in %."""

    gpu: str
    reason: str
    share: float


@dataclass(frozen=True, slots=True)
class Report:
    """A report of ``run`` from ``start`` to before ``end``, in Unix milliseconds."""

    run: Run
    start: int
    end: int
    charts: list[Chart] = field(default_factory=list)
    annotations: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    throttling: list[Throttling] = field(default_factory=list)
