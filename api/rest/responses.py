"""The typed responses; the models of metrics are built from the catalogue."""

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from telemetry.catalogue import ANNOTATION, FINDING, GPU, GPU_MIG, GPU_PROCESSES, SAMPLES, Family
from telemetry.payloads import class_name, event_model, payload_model
from telemetry.status import CollectorState, SensorState

_MILLISECONDS: dict[str, JsonValue] = {"unit": "ms"}
_SECONDS: dict[str, JsonValue] = {"unit": "s"}

UnixTime = Annotated[int, Field(json_schema_extra=_MILLISECONDS)]


class Response(BaseModel):
    """A response always has all of its fields; an unknown value is null."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True, from_attributes=True
    )


class Freshness(Response):
    """When a reading was taken, and how old it is."""

    timestamp: UnixTime = Field(description="Unix time of the reading in milliseconds")
    age_seconds: float = Field(
        ge=0,
        description="time since the reading was taken, but at least the time since it arrived (s)",
        json_schema_extra=_SECONDS,
    )
    stale: bool = Field(description="whether the reading is older than three intervals of its host")


class HostResponse(Response):
    """The fields common to all responses about one host."""

    host: str = Field(description="the host that was sampled")
    state: CollectorState | None = Field(
        description="whether the host's collector is running; null before its first status"
    )


class SensorResponse(Response):
    """The state of one sensor of a host's collector."""

    state: SensorState = Field(description="state of the sensor")
    reason: str | None = Field(description="why it cannot be read, in one sentence")
    description: str | None = Field(description="what it reads")
    duration_ms: float | None = Field(
        description="duration of the last reading (ms)", json_schema_extra=_MILLISECONDS
    )
    failures: int = Field(description="failed readings since the collector started")
    missed_ticks: int = Field(description="ticks without a reading since the collector started")
    details: dict[str, str] = Field(description="details such as the driver version, by name")


class HostEntry(HostResponse):
    """A known host, live or from the history."""

    version: str | None = Field(description="the collector's version")
    started: UnixTime | None = Field(
        description="Unix time of the collector's start in milliseconds"
    )
    interval: float | None = Field(
        description="time between two samples (s)", json_schema_extra=_SECONDS
    )
    timestamp: UnixTime | None = Field(
        description="Unix time of the newest live sample in milliseconds; null without one"
    )
    sensors: dict[str, SensorResponse] = Field(description="the collector's sensors, by name")
    waiting: int | None = Field(description="samples not yet sent to the broker")
    dropped: int | None = Field(description="samples dropped because too many were waiting")


class HostsResponse(Response):
    """All known hosts."""

    hosts: list[HostEntry] = Field(description="the hosts, by name")
    history_error: str | None = Field(
        description="why the history cannot be read or is not growing; if it cannot be read, "
        "hosts known only from it are missing"
    )
    history_hours: float = Field(
        description="how long the history keeps samples (h)", json_schema_extra={"unit": "h"}
    )
    history_days: float = Field(
        description="how long the history keeps one-minute points (days); 0: none",
        json_schema_extra={"unit": "days"},
    )


class HistoryChannel(Response):
    """One channel's samples, with a column for each field."""

    timestamps: list[int] = Field(
        description="Unix times in milliseconds, ascending; the start of each bucket",
        json_schema_extra=_MILLISECONDS,
    )
    fields: dict[str, list[float | None]] = Field(
        description="one value per timestamp for each field, in its unit; null for a gap. "
        "List items are named per_core.0, per_core.1, …; object leaves per_device.sda.read_rate"
    )
    bucket_width: int | None = Field(
        description="width of a bucket (ms); null if the samples are not aggregated",
        json_schema_extra=_MILLISECONDS,
    )
    minutes_until: int | None = Field(
        None,
        description="Unix time in milliseconds before which the points are one-minute buckets, and "
        "bucket_width is that of the later points; null if all have the same width",
        json_schema_extra=_MILLISECONDS,
    )


class HistoryResponse(Response):
    """Samples of one host over a time span. An outage appears as a point of nulls."""

    host: str = Field(description="the host that was sampled")
    start: UnixTime = Field(description="Unix time in milliseconds, inclusive")
    end: UnixTime = Field(description="Unix time in milliseconds, exclusive")
    channels: dict[str, HistoryChannel] = Field(
        description="the channels with samples in the span, by name"
    )


_Annotation: Any = event_model(ANNOTATION)
AnnotationEntry: Any = create_model(
    "AnnotationEntry",
    __base__=(Response, _Annotation),
    __doc__=ANNOTATION.help,
    id=(str, Field(description="unique id of the annotation")),
    timestamp=(UnixTime, Field(description="Unix time of the annotation in milliseconds")),
)


class AnnotationsResponse(Response):
    """Annotations, oldest first."""

    annotations: list[AnnotationEntry] = Field(description="the annotations in the span")


_Finding: Any = event_model(FINDING)
FindingEntry: Any = create_model(
    "FindingEntry",
    __base__=(Response, _Finding),
    __doc__="A finding of the advisor, with its evidence.",
    id=(str, Field(description="id of the finding, the same from its beginning to its end")),
    timestamp=(UnixTime, Field(description="Unix time of its last change in milliseconds")),
    ended=(
        UnixTime | None,
        Field(
            description="Unix time of its end in milliseconds; null while it is active, or if it "
            "is over and its end was not reported"
        ),
    ),
)


class FindingsResponse(Response):
    """Findings, the active ones first."""

    findings: list[FindingEntry] = Field(description="the findings in the span")
    history_error: str | None = Field(
        description="why the history cannot be read; the findings that are over are then missing"
    )


class HealthResponse(Response):
    """The process is responding."""

    status: str = Field(description="always ok")


class PartResponse(Response):
    """The readiness of one part of the monitor."""

    ready: bool = Field(description="whether it is ready")
    reason: str | None = Field(description="why it is not ready, in one sentence")
    notes: list[str] = Field(description="what the operator should know even though it is ready")
    counters: dict[str, float | dict[str, float]] = Field(
        description="counts since the part started, and current values; some by reason or sensor. "
        "The unit is the end of the name"
    )


_PARTS = Field(
    description="the parts by name: api, history, and any others that run in this process"
)


class ReadyResponse(Response):
    """Every part is ready."""

    status: str = Field(description="always ready")
    parts: dict[str, PartResponse] = _PARTS


class ErrorDetail(Response):
    """The code and the message of an error."""

    code: str = Field(description="a fixed identifier for programs")
    message: str = Field(description="one sentence for people")


class ErrorResponse(Response):
    """The body of every error response."""

    error: ErrorDetail = Field(description="what is wrong")


class NotReadyResponse(ErrorResponse):
    """A part cannot do its work."""

    parts: dict[str, PartResponse] = _PARTS


_PLACES = {
    "id": "id of the GPU, as in the channel name",
    "n": "index of the MIG instance, as in the channel name",
}


@cache
def newest_model(family: Family) -> type[BaseModel]:
    """Return the model of a newest sample of ``family``."""
    place: dict[str, Any] = {
        name: (str, Field(description=text))
        for name, text in _PLACES.items()
        if f"{{{name}}}" in family.channel
    }
    model: type[BaseModel] = create_model(
        f"Newest{class_name(family.name)}",
        __base__=(Freshness, payload_model(family)),
        __doc__=family.help,
        **place,
    )
    return model


def _family_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for family in SAMPLES:
        model: Any = newest_model(family)
        if family.several:
            fields[family.name] = (list[model], Field(description=f"{family.help} By index."))
        else:
            text = f"{family.help} Null before the first sample."
            fields[family.name] = (model | None, Field(description=text))
    return fields


# Any: mypy cannot know the fields of a model created at run time.
MetricsResponse: Any = create_model(
    "MetricsResponse",
    __base__=HostResponse,
    __doc__="The newest sample of every family of a host.",
    **_family_fields(),
)


_Processes: Any = newest_model(GPU_PROCESSES)
_Instance: Any = newest_model(GPU_MIG)
GpuEntry: Any = create_model(
    "GpuEntry",
    __base__=newest_model(GPU),
    __doc__="One GPU with its processes and MIG instances.",
    processes=(
        _Processes | None,
        Field(description="the processes that use it; null before the first sample"),
    ),
    mig=(list[_Instance], Field(description="its MIG instances, by index; none without MIG mode")),
)


class GpusResponse(HostResponse):
    """All GPUs of a host."""

    gpus: list[GpuEntry] = Field(description="all GPUs, by id")
    driver_version: str | None = Field(
        description="version of the GPU driver; that of the first, if there are several"
    )
    reason: str | None = Field(
        description="why there are no GPUs, or why they are no longer read, in one sentence"
    )
