"""Decoding what comes from the bus, by pydantic models made from the catalogue.

The same models are the typed responses of the API, so that OpenAPI says what the decoder checks.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from telemetry import catalogue
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import Family, Kind
from telemetry.errors import MalformedMessageError
from telemetry.samples import MAX_PAYLOAD_BYTES, Sample
from telemetry.status import CollectorStatus

_MAX_INTEGER = 2**63 - 1  # what SQLite and InfluxDB hold
_MAX_NUMBER = 1e18
_MAX_INTERVAL = 3600.0  # seconds; ours is at most 60
_MAX_ITEMS = 4096
_MAX_RECORDS = 256
_MAX_TEXT = 256

Decoded = TypeVar("Decoded")

Text = Annotated[str, Field(max_length=_MAX_TEXT)]
Host = Annotated[str, Field(min_length=1, max_length=_MAX_TEXT, pattern=r"^[^\x00-\x1f/+#]+$")]
Timestamp = Annotated[
    int, Field(ge=0, le=_MAX_INTEGER, description="Unix time in milliseconds of the reading")
]


class Payload(BaseModel):
    """What every metric channel's payload holds."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    host: Host = Field(description="the host that was read", examples=["gpu-07"])
    timestamp: Timestamp = Field(examples=[1_767_225_600_000])


def _annotation(field: catalogue.Field, owner: str) -> Any:  # noqa: ANN401 - a type made at run time
    number = Annotated[float, Field(ge=field.minimum, le=_MAX_NUMBER)]
    annotation: Any = None
    match field.kind:
        case Kind.NUMBER:
            annotation = number
        case Kind.INTEGER:
            annotation = Annotated[int, Field(ge=field.minimum, le=_MAX_INTEGER)]
        case Kind.TEXT:
            annotation = Text
        case Kind.NUMBERS:
            annotation = Annotated[list[number | None], Field(max_length=_MAX_ITEMS)]
        case Kind.TEXTS:
            annotation = Annotated[list[Text], Field(max_length=_MAX_ITEMS)]
        case Kind.NUMBERS_BY_NAME:
            annotation = Annotated[dict[Text, number | None], Field(max_length=_MAX_ITEMS)]
        case Kind.GROUPS:
            member: Any = _member_model(field, owner)
            annotation = Annotated[dict[Text, member], Field(max_length=_MAX_ITEMS)]
        case Kind.RECORDS:
            record: Any = _member_model(field, owner)
            annotation = Annotated[list[record], Field(max_length=_MAX_RECORDS)]
    return annotation


def class_name(name: str) -> str:
    """Return ``name`` as the name of a class: GpuProcesses for gpu_processes."""
    return name.title().replace("_", "")


def _member_model(field: catalogue.Field, owner: str) -> type[BaseModel]:
    model: type[BaseModel] = create_model(
        f"{owner}{class_name(field.name)}",
        __config__=Payload.model_config,
        **_definitions(field.members, owner),
    )
    return model


def _definitions(fields: tuple[catalogue.Field, ...], owner: str) -> dict[str, Any]:
    return {
        field.name: (
            _annotation(field, owner) | None,
            Field(
                ... if field.fixed else None,
                description=f"{field.help} ({field.unit})" if field.unit else field.help,
                examples=[field.example],
                json_schema_extra={"unit": field.unit} if field.unit else None,
            ),
        )
        for field in fields
    }


@cache
def payload_model(family: Family) -> type[Payload]:
    """Return the pydantic model of ``family``'s payload."""
    name = class_name(family.name)
    model: type[Payload] = create_model(
        f"{name}Payload", __base__=Payload, __doc__=family.help, **_definitions(family.fields, name)
    )
    return model


def decode(scheme: TopicScheme, topic: str, payload: bytes) -> Sample:
    """Return the sample that arrived as ``payload`` on ``topic``.

    Raises MalformedMessageError with the reason ``unknown channel``, ``too large``,
    ``not a sample`` or ``host mismatch``.
    """
    host, channel = scheme.parse(topic) or (None, "")
    family = catalogue.family_of(channel)
    if family is None:
        raise MalformedMessageError("unknown channel", repr(topic[:_MAX_TEXT]))
    model = _validated(payload_model(family).model_validate_json, channel, payload)
    _require_same_host(host, model.host)
    values = model.model_dump(exclude={"host", "timestamp"})
    return Sample(channel, model.host, model.timestamp, values)


def decode_status(scheme: TopicScheme, topic: str, payload: bytes) -> CollectorStatus:
    """Return the status that arrived as ``payload`` on ``topic``; raises as ``decode`` does."""
    host, channel = scheme.parse(topic) or (None, "")
    if channel != catalogue.STATUS_CHANNEL:
        raise MalformedMessageError("unknown channel", repr(topic[:_MAX_TEXT]))
    _validated(Payload.model_validate_json, channel, payload)
    status = _validated(_status_adapter().validate_json, channel, payload)
    if not 0 < status.interval <= _MAX_INTERVAL:
        raise MalformedMessageError("not a sample", f"{channel}: interval: {status.interval:g} s")
    _require_same_host(host, status.host)
    return status


@cache
def _status_adapter() -> TypeAdapter[CollectorStatus]:
    return TypeAdapter(CollectorStatus)


def _validated(validate: Callable[[bytes], Decoded], channel: str, payload: bytes) -> Decoded:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MalformedMessageError("too large", f"{len(payload)} bytes on {channel}")
    try:
        return validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:_MAX_TEXT] or "payload"
        raise MalformedMessageError("not a sample", f"{channel}: {place}: {first['msg']}") from None


def _require_same_host(by_topic: str | None, by_payload: str) -> None:
    if by_topic not in (None, by_payload):
        raise MalformedMessageError("host mismatch", f"{by_payload!r} under {by_topic!r}")
