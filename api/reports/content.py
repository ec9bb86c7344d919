"""The contents of a report. Pure."""

from dataclasses import dataclass, field

from api.runs.run import Run
from telemetry.events import Event


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart: one value per timestamp, in time order; None is a gap in the line."""

    name: str
    timestamps: list[int]
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines with the same unit.

    The value axis begins at 0. If ``top`` is set, the axis extends at least to ``top``.
    """

    title: str
    unit: str
    series: list[Series]
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding during the run; ``until`` is None if its end is not known."""

    kind: str
    subject: str
    severity: str
    since: int
    until: int | None
    summary: str
    advice: str


@dataclass(frozen=True, slots=True)
class Throttling:
    """Why a GPU was throttled; ``share`` is the percentage of time the reason was active."""

    gpu: str
    reason: str
    share: float


@dataclass(frozen=True, slots=True)
class Report:
    """A report on ``run``; ``start`` and ``end`` (exclusive) are in Unix milliseconds."""

    run: Run
    start: int
    end: int
    charts: list[Chart] = field(default_factory=list)
    annotations: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    throttling: list[Throttling] = field(default_factory=list)
