"""The pydantic types of the payloads (models and TypedDicts), generated from the catalogue.

The decoder validates payloads with these types. The API uses the models as its response types, so
its OpenAPI description contains the decoder's rules.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    create_model,
    with_config,
)
from typing_extensions import TypedDict  # below Python 3.12, pydantic requires this TypedDict

from telemetry import catalogue
from telemetry.catalogue import Family, Kind, Nature

MAX_INTEGER = 2**63 - 1  # the largest integer that SQLite and InfluxDB store
MAX_TIMESTAMP = 253_402_300_799_999  # the end of the year 9999: later dates cannot be shown
_MAX_NUMBER = 1e18
_MAX_ITEMS = 4096
_MAX_RECORDS = 256
MAX_TEXT = 256

_NOT_BLANK = StringConstraints(strip_whitespace=True, min_length=1)
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Host = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f/+#]+$")]
Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Timestamp = Annotated[
    int,
    Field(
        ge=0, le=MAX_TIMESTAMP, description="when the reading was made, Unix time in milliseconds"
    ),
]


class Payload(BaseModel):
    """The fields that every sample's payload contains."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    host: Host = Field(description="host that the sample describes", examples=["gpu-07"])
    timestamp: Timestamp = Field(examples=[1_767_225_600_000])


class EventPayload(BaseModel):
    """The fields that the payload of any event may contain."""

    # Assigned values are validated too, because the host may be assigned from the topic. Several
    # threads decode events, so these models are built before.
    model_config = Payload.model_config | ConfigDict(validate_assignment=True, defer_build=False)

    id: Identity | None = Field(
        None,
        description="ID of the event; the history keeps only one event with this ID per channel "
        "and host. Default: derived from the contents",
        examples=["3f9a1c5e0b7d4286"],
    )
    timestamp: Timestamp | None = Field(
        None,
        description="when the event happened, Unix time in milliseconds; default: when it arrives",
        examples=[1_767_225_600_000],
    )
    host: Host | None = Field(
        None,
        description="host that the event concerns; null if it concerns every host",
        examples=["gpu-07"],
    )


class StatePayload(EventPayload):
    """The fields that the payload of every state contains."""

    id: Identity = Field(
        description="ID of this change of the state; a newer message with the same ID replaces "
        "this message",
        examples=["3f9a1c5e0b7d4286"],
    )
    timestamp: Timestamp = Field(
        description="when the state last changed, Unix time in milliseconds",
        examples=[1_767_225_600_000],
    )
    host: Host = Field(description="name of the host", examples=["gpu-07"])


MakeType = Callable[[str, tuple[catalogue.Field, ...]], Any]
"""Makes an object type from the type's name and the object's fields."""


def _annotation(field: catalogue.Field, owner: str, make: MakeType) -> Any:  # noqa: ANN401 - a type made at run time
    number = Annotated[float, Field(ge=field.minimum, le=_MAX_NUMBER)]
    annotation: Any = None
    match field.kind:
        case Kind.NUMBER:
            annotation = number
        case Kind.INTEGER:
            annotation = Annotated[int, Field(ge=field.minimum, le=MAX_INTEGER)]
        case Kind.TEXT:
            text = Annotated[str, Field(max_length=field.max_length or MAX_TEXT)]
            annotation = Literal[field.choices] if field.choices else text
        case Kind.NUMBERS:
            annotation = Annotated[list[number | None], Field(max_length=_MAX_ITEMS)]
        case Kind.TEXTS:
            annotation = Annotated[list[Text], Field(max_length=field.max_length or _MAX_ITEMS)]
        case Kind.NUMBERS_BY_NAME:
            annotation = Annotated[dict[Text, number | None], Field(max_length=_MAX_ITEMS)]
        case Kind.GROUPS:
            member: Any = _member_type(field, owner, make)
            annotation = Annotated[dict[Text, member], Field(max_length=_MAX_ITEMS)]
        case Kind.RECORD:
            annotation = _member_type(field, owner, make)
        case Kind.RECORDS:
            record: Any = _member_type(field, owner, make)
            annotation = Annotated[list[record], Field(max_length=_MAX_RECORDS)]
    return annotation


def class_name(name: str) -> str:
    """Return ``name`` as a class name: GpuProcesses for gpu_processes."""
    return name.title().replace("_", "")


def _member_type(field: catalogue.Field, owner: str, make: MakeType) -> Any:  # noqa: ANN401
    return make(f"{owner}{class_name(field.name)}", field.members)


def _part(name: str, fields: tuple[catalogue.Field, ...]) -> type[BaseModel]:
    """Return the pydantic model of an object in a sample's payload."""
    return _model(name, _definitions(fields, name, _part))


def _event_part(name: str, fields: tuple[catalogue.Field, ...]) -> type[BaseModel]:
    """Return the pydantic model of an object in an event's payload."""
    return _model(name, _event_definitions(fields, name))


def _message_part(name: str, fields: tuple[catalogue.Field, ...]) -> Any:  # noqa: ANN401
    """Return the TypedDict of an object in a sample's payload."""
    return _typed_dict(name, _definitions(fields, name, _message_part))


def _model(name: str, definitions: dict[str, Any]) -> type[BaseModel]:
    model: type[BaseModel] = create_model(name, __config__=Payload.model_config, **definitions)
    return model


def _typed_dict(name: str, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401
    fields = {
        name: Annotated[annotation, info]
        if info.is_required()
        else NotRequired[Annotated[annotation, info]]
        for name, (annotation, info) in definitions.items()
    }
    make: Any = TypedDict
    return with_config(Payload.model_config)(make(name, fields))


def _definitions(fields: tuple[catalogue.Field, ...], owner: str, make: MakeType) -> dict[str, Any]:
    return {
        field.name: (_annotation(field, owner, make) | None, _information(field))
        for field in fields
    }


def _information(field: catalogue.Field) -> Any:  # noqa: ANN401 - pydantic's
    return Field(
        ... if field.fixed else None,
        description=f"{field.help} ({field.unit})" if field.unit else field.help,
        examples=[field.example],
        json_schema_extra={"unit": field.unit} if field.unit else None,
    )


def _event_definitions(fields: tuple[catalogue.Field, ...], owner: str) -> dict[str, Any]:
    """Return the definitions of an event's fields.

    A field is required if the catalogue marks it as ``fixed``. If the value of such a field is free
    text, the text must not be blank.
    """
    definitions: dict[str, Any] = {}
    for field in fields:
        annotation, information = _annotation(field, owner, _event_part), _information(field)
        if field.fixed:
            is_free = field.kind is Kind.TEXT and not field.choices
            annotation = Annotated[annotation, _NOT_BLANK] if is_free else annotation
        elif field.kind is Kind.TEXTS:
            information = Field(
                default_factory=list, description=field.help, examples=[field.example]
            )
        else:
            annotation |= None
        definitions[field.name] = annotation, information
    return definitions


@cache
def event_model(family: Family) -> type[EventPayload]:
    """Return the pydantic model for the payload of ``family``, which has events or states."""
    name = class_name(family.name)
    model: type[EventPayload] = create_model(
        f"{name}Payload",
        __base__=StatePayload if family.nature is Nature.STATE else EventPayload,
        __doc__=family.help,
        **_event_definitions(family.fields, name),
    )
    return model


@cache
def payload_model(family: Family) -> type[Payload]:
    """Return the pydantic model for payloads of ``family``, a family of samples."""
    name = class_name(family.name)
    model: type[Payload] = create_model(
        f"{name}Payload",
        __base__=Payload,
        __doc__=family.help,
        **_definitions(family.fields, name, _part),
    )
    return model


@cache
def message_type(
    family: Family, names: frozenset[str] | None = None
) -> TypeAdapter[dict[str, Any]]:
    """Return the type of a message of ``family``: the payload and the flag ``Sample.late``.

    If ``names`` is given, only the family's fields with these names are read; its other fields may
    be invalid.

    The type is a TypedDict, not a model, because the decoder needs a dictionary. Validation into a
    model takes twice as long, and the model would then have to be converted to a dictionary.
    """
    name = class_name(family.name)
    common = {key: (info.annotation, info) for key, info in Payload.model_fields.items()}
    fields = tuple(each for each in family.fields if names is None or each.name in names)
    definitions = {**common, **_definitions(fields, name, _message_part)}
    definitions["late"] = bool, Field(default=False)
    return TypeAdapter(_typed_dict(f"{name}Message", definitions))
