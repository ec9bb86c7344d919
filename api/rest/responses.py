"""The typed responses: the metrics' models come from the catalogue, the rest is here."""

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from telemetry.catalogue import ANNOTATION, GPU, GPU_MIG, GPU_PROCESSES, SAMPLES, Family
from telemetry.payloads import class_name, event_model, payload_model
from telemetry.status import CollectorState, SensorState

_MILLISECONDS: dict[str, JsonValue] = {"unit": "ms"}
_SECONDS: dict[str, JsonValue] = {"unit": "s"}

UnixTime = Annotated[int, Field(json_schema_extra=_MILLISECONDS)]


class Response(BaseModel):
    """A response always holds all of its fields; what is not known is null."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True, from_attributes=True
    )


class Freshness(Response):
    """When a reading was made, and how old it is."""

    timestamp: UnixTime = Field(description="Unix time in milliseconds of the reading")
    age_seconds: float = Field(
        ge=0,
        description="time since the reading was made, and at least since it arrived (s)",
        json_schema_extra=_SECONDS,
    )
    stale: bool = Field(description="whether the reading is older than three intervals of its host")


class HostResponse(Response):
    """What is answered about one host."""

    host: str = Field(description="the host that was read")
    state: CollectorState | None = Field(
        description="whether the host's collector runs; null before its first word"
    )


class SensorResponse(Response):
    """How a sensor of a host's collector fares."""

    state: SensorState = Field(description="how the sensor fares")
    reason: str | None = Field(description="why it does not read, in one sentence")
    description: str | None = Field(description="what it reads")
    duration_ms: float | None = Field(
        description="time that the newest reading took (ms)", json_schema_extra=_MILLISECONDS
    )
    failures: int = Field(description="failed readings since the collector started")
    missed_ticks: int = Field(description="ticks without a reading since the collector started")
    details: dict[str, str] = Field(description="facts such as a driver's version, by name")


class HostEntry(HostResponse):
    """A host that has been heard of, live or in the history."""

    version: str | None = Field(description="the collector's version")
    started: UnixTime | None = Field(description="Unix time in milliseconds of the start")
    interval: float | None = Field(
        description="time between two samples (s)", json_schema_extra=_SECONDS
    )
    timestamp: UnixTime | None = Field(
        description="Unix time in milliseconds of the newest live sample; null if only in history"
    )
    sensors: dict[str, SensorResponse] = Field(description="the collector's sensors, by name")
    waiting: int | None = Field(description="samples that the broker has not taken yet")
    dropped: int | None = Field(description="samples lost because too many waited")


class HostsResponse(Response):
    """All hosts heard of."""

    hosts: list[HostEntry] = Field(description="the hosts, by name")
    history_error: str | None = Field(
        description="why the history cannot be read or does not grow; where it cannot be read, "
        "hosts that are only there are missing"
    )


class HistoryChannel(Response):
    """One channel's samples, a column for each field."""

    timestamps: list[int] = Field(
        description="Unix times in milliseconds, ascending; a bucket's is its start",
        json_schema_extra=_MILLISECONDS,
    )
    fields: dict[str, list[float | None]] = Field(
        description="as many values for each field, in its unit; null where nothing was measured. "
        "A list's items are per_core.0, per_core.1, …; an object's leaves per_device.sda.read_rate"
    )
    bucket_width: int | None = Field(
        description="width of a bucket (ms); null where the samples are as they were taken",
        json_schema_extra=_MILLISECONDS,
    )


class HistoryResponse(Response):
    """Samples of one host over a span of time. An outage shows as a point of nulls."""

    host: str = Field(description="the host that was read")
    start: UnixTime = Field(description="Unix time in milliseconds, inclusive")
    end: UnixTime = Field(description="Unix time in milliseconds, exclusive")
    channels: dict[str, HistoryChannel] = Field(
        description="the channels that have samples in the span, by name"
    )


_Annotation: Any = event_model(ANNOTATION)
AnnotationEntry: Any = create_model(
    "AnnotationEntry",
    __base__=(Response, _Annotation),
    __doc__=ANNOTATION.help,
    id=(str, Field(description="identity of the annotation")),
    timestamp=(UnixTime, Field(description="Unix time in milliseconds of the moment")),
)


class AnnotationsResponse(Response):
    """Annotations, the oldest first."""

    annotations: list[AnnotationEntry] = Field(description="the annotations in the span")


class HealthResponse(Response):
    """The process answers."""

    status: str = Field(description="always ok")


class PartResponse(Response):
    """One part of the monitor."""

    ready: bool = Field(description="whether it can do its work")
    reason: str | None = Field(description="why it cannot, in one sentence")
    notes: list[str] = Field(description="what somebody should know although it can")
    counters: dict[str, float | dict[str, float]] = Field(
        description="what it has counted since its start, and what it holds now; some by reason "
        "or sensor. The unit is the end of the name"
    )


_PARTS = Field(
    description="the parts by name: api and history, and the others that run in this process"
)


class ReadyResponse(Response):
    """Every part can do its work."""

    status: str = Field(description="always ready")
    parts: dict[str, PartResponse] = _PARTS


class ErrorDetail(Response):
    """What is wrong."""

    code: str = Field(description="a fixed word for programs")
    message: str = Field(description="one sentence for people")


class ErrorResponse(Response):
    """What every error answers."""

    error: ErrorDetail = Field(description="what is wrong")


class NotReadyResponse(ErrorResponse):
    """A part cannot do its work."""

    parts: dict[str, PartResponse] = _PARTS


_PLACES = {
    "id": "the GPU: its number, as in the channel's name",
    "n": "the MIG instance: its index, as in the channel's name",
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


# Any: mypy cannot know the fields of a model that is made at run time.
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
    __doc__="One GPU and what belongs to it.",
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
        description="version of the GPU driver; of the first, if there are several"
    )
    reason: str | None = Field(
        description="why there is no GPU or why it is no longer read, in one sentence"
    )
