"""A report as JSON."""

from pydantic import Field, JsonValue

from api.rest.responses import AnnotationEntry, Response, UnixTime
from api.runs.responses import RunEntry

_PERCENT: dict[str, JsonValue] = {"unit": "%"}


class SeriesEntry(Response):
    """A line of a chart."""

    name: str = Field(description="what the line shows, such as GPU 0")
    timestamps: list[UnixTime] = Field(
        description="Unix times in milliseconds, ascending", json_schema_extra={"unit": "ms"}
    )
    values: list[float | None] = Field(
        description="one value per timestamp, in the unit of the chart; null for a gap",
        json_schema_extra={"unit": "of the chart"},
    )


class ChartEntry(Response):
    """Lines with the same unit."""

    title: str = Field(description="what the chart shows")
    unit: str = Field(description="unit of the values")
    series: list[SeriesEntry] = Field(description="the lines of the chart")


class NoticeEntry(Response):
    """A finding during the run."""

    kind: str = Field(description="kind of finding")
    subject: str = Field(
        description="what the finding is about, such as a device; `host` stands for the host itself"
    )
    severity: str = Field(description="info, warning or critical")
    since: UnixTime = Field(description="when the finding began, Unix milliseconds")
    until: UnixTime | None = Field(
        description="when the finding ended, Unix milliseconds; null if no end is known"
    )
    summary: str = Field(description="the finding in one sentence, with numbers")
    advice: str = Field(description="what to do about the finding")


class ThrottlingEntry(Response):
    """Why a GPU was slow."""

    gpu: str = Field(description="id of the GPU")
    reason: str = Field(description="the throttle reason")
    share: float = Field(
        description="percentage of the run's duration during which this reason was active",
        json_schema_extra=_PERCENT,
    )


class ReportResponse(Response):
    """What happened during a run."""

    run: RunEntry = Field(description="the run")
    start: UnixTime = Field(description="beginning of the charts, Unix milliseconds")
    end: UnixTime = Field(description="end of the charts, Unix milliseconds, exclusive")
    charts: list[ChartEntry] = Field(description="the charts for the duration of the run")
    annotations: list[AnnotationEntry] = Field(
        description="the annotations of the run, oldest first"
    )
    notices: list[NoticeEntry] = Field(description="the findings during the run, oldest first")
    throttling: list[ThrottlingEntry] = Field(description="why the GPUs of the run were slow")
