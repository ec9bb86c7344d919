"""The typed responses of the REST API; the models of samples are built from the catalogue."""

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
    """A response that always has all its fields; unknown values are null."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True, from_attributes=True
    )


class Freshness(Response):
    """When a reading was taken, and how old it is."""

    timestamp: UnixTime = Field(description="Unix time of the reading in milliseconds")
    age_seconds: float = Field(
        ge=0,
        description="time since the reading's timestamp or arrival, whichever is longer (s)",
        json_schema_extra=_SECONDS,
    )
    stale: bool = Field(description="whether the reading is older than three sampling intervals")


class HostResponse(Response):
    """The fields common to all responses about one host."""

    host: str = Field(description="the host that was sampled")
    state: CollectorState | None = Field(
        description="whether the host's collector is running; null if it has sent no status"
    )


class SensorResponse(Response):
    """The state of one sensor of a host's collector."""

    state: SensorState = Field(description="state of the sensor")
    reason: str | None = Field(description="why the sensor is in this state, in one sentence")
    description: str | None = Field(description="what the sensor reads")
    duration_ms: float | None = Field(
        description="duration of the newest reading (ms)", json_schema_extra=_MILLISECONDS
    )
    failures: int = Field(description="number of failed readings since the collector started")
    missed_ticks: int = Field(description="number of readings skipped since the collector started")
    details: dict[str, str] = Field(description="facts such as the driver version, by name")


class HostEntry(HostResponse):
    """A host that is known from the bus or the history."""

    version: str | None = Field(description="the collector's version")
    started: UnixTime | None = Field(description="Unix time at which the collector started (ms)")
    interval: float | None = Field(
        description="time between two samples (s)", json_schema_extra=_SECONDS
    )
    timestamp: UnixTime | None = Field(
        description="Unix time in milliseconds of the newest sample from the bus, or of the newest "
        "status if there is no sample; null if the host is known only from the history"
    )
    sensors: dict[str, SensorResponse] = Field(description="the collector's sensors, by name")
    waiting: int | None = Field(description="number of messages not yet sent to the broker")
    dropped: int | None = Field(description="number of messages that the collector has discarded")


class HostsResponse(Response):
    """All known hosts."""

    hosts: list[HostEntry] = Field(description="the hosts, sorted by name")
    history_error: str | None = Field(
        description="why the history cannot be read or is not growing; null otherwise. If the "
        "history cannot be read, the hosts that are known only from the history are missing"
    )
    history_hours: float = Field(
        description="how long the history keeps samples (h)", json_schema_extra={"unit": "h"}
    )
    history_days: float = Field(
        description="how long the history keeps one-minute points (days); 0 if it keeps none",
        json_schema_extra={"unit": "days"},
    )


class HistoryChannel(Response):
    """One channel's samples, with a column for each field."""

    timestamps: list[int] = Field(
        description="Unix times, ascending (ms); if the samples are aggregated, the start of each "
        "bucket",
        json_schema_extra=_MILLISECONDS,
    )
    fields: dict[str, list[float | None]] = Field(
        description="the values of each field, one value per timestamp, in the field's unit; null "
        "for a gap. Each item of a list and each value of an object is a field of its own, with a "
        "name such as per_core.0 or per_device.sda.read_rate"
    )
    bucket_width: int | None = Field(
        description="width of a bucket (ms); null if the samples are not aggregated",
        json_schema_extra=_MILLISECONDS,
    )
    minutes_until: int | None = Field(
        None,
        description="Unix time (ms) before which every point is a one-minute bucket; bucket_width "
        "describes only the later points. Null if bucket_width describes all points",
        json_schema_extra=_MILLISECONDS,
    )


class HistoryResponse(Response):
    """Samples of one host over a time span. An outage appears as a point with only null values."""

    host: str = Field(description="the host that was sampled")
    start: UnixTime = Field(description="start of the span in Unix milliseconds, inclusive")
    end: UnixTime = Field(description="end of the span in Unix milliseconds, exclusive")
    channels: dict[str, HistoryChannel] = Field(
        description="the channels with samples in the span, by name"
    )


_Annotation: Any = event_model(ANNOTATION)
AnnotationEntry: Any = create_model(
    "AnnotationEntry",
    __base__=(Response, _Annotation),
    __doc__=ANNOTATION.help,
    id=(str, Field(description="unique id of the annotation")),
    timestamp=(UnixTime, Field(description="Unix time of the annotation (ms)")),
)


class AnnotationsResponse(Response):
    """Annotations, oldest first."""

    annotations: list[AnnotationEntry] = Field(description="the annotations in the requested span")


_Finding: Any = event_model(FINDING)
FindingEntry: Any = create_model(
    "FindingEntry",
    __base__=(Response, _Finding),
    __doc__="A finding of the advisor, with its evidence.",
    id=(str, Field(description="id of the finding, the same from its beginning to its end")),
    timestamp=(UnixTime, Field(description="Unix time of the finding's last change (ms)")),
    ended=(
        UnixTime | None,
        Field(
            description="Unix time at which the finding ended (ms); null while the finding is "
            "active, or if its end was not reported"
        ),
    ),
)


class FindingsResponse(Response):
    """Findings, active ones first."""

    findings: list[FindingEntry] = Field(description="the findings in the requested span")
    history_error: str | None = Field(
        description="why the history cannot be read; null if it can be read. If it cannot be "
        "read, past findings are missing"
    )


class HealthResponse(Response):
    """The response to a liveness check, which shows that the process is running."""

    status: str = Field(description="always ok")


class PartResponse(Response):
    """The readiness of one part of the monitor."""

    ready: bool = Field(description="whether the part is ready")
    reason: str | None = Field(description="why the part is not ready; null if it is ready")
    notes: list[str] = Field(description="facts that the operator should know, each in a sentence")
    counters: dict[str, float | dict[str, float]] = Field(
        description="counts since the part started, and current values, by name. Some values are "
        "objects that contain, for example, one number per sensor. If a value has a unit, its name "
        "ends with the unit"
    )


_PARTS = Field(
    description="the parts of the monitor by name: api, history, and any other part that runs in "
    "this process"
)


class ReadyResponse(Response):
    """The response if every part is ready."""

    status: str = Field(description="always ready")
    parts: dict[str, PartResponse] = _PARTS


class ErrorDetail(Response):
    """The code and the message of an error."""

    code: str = Field(description="identifier of the kind of error, for programs")
    message: str = Field(description="the error in one sentence, for people")


class ErrorResponse(Response):
    """The body of every error response."""

    error: ErrorDetail = Field(description="what is wrong")


class NotReadyResponse(ErrorResponse):
    """The response if at least one part is not ready."""

    parts: dict[str, PartResponse] = _PARTS


_PLACES = {
    "id": "id of the GPU, as in the channel name",
    "n": "index of the MIG instance, as in the channel name",
}


@cache
def newest_model(family: Family) -> type[BaseModel]:
    """Return the model for the newest sample of a channel of ``family``."""
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
            fields[family.name] = (
                list[model],
                Field(description=f"{family.help} Sorted by GPU id."),
            )
        else:
            text = f"{family.help} Null before the first sample."
            fields[family.name] = (model | None, Field(description=text))
    return fields


# Any: mypy cannot know the fields of a model created at run time.
MetricsResponse: Any = create_model(
    "MetricsResponse",
    __base__=HostResponse,
    __doc__="The newest sample of each channel of a host.",
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
        Field(description="the processes that use the GPU; null before the first sample"),
    ),
    mig=(
        list[_Instance],
        Field(description="the GPU's MIG instances, sorted by index; empty if MIG mode is off"),
    ),
)


class GpusResponse(HostResponse):
    """All GPUs of a host."""

    gpus: list[GpuEntry] = Field(description="all GPUs, sorted by id")
    driver_version: str | None = Field(
        description="version of the GPU driver, or of the first driver if there are several"
    )
    reason: str | None = Field(
        description="in one sentence, why there are no GPUs or why they can no longer be read; "
        "null otherwise"
    )
