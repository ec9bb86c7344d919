"""Decodes messages from the bus. Pure."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL, Family, Nature, family_of, place_of
from telemetry.errors import MalformedMessageError
from telemetry.events import MAX_EVENT_BYTES, MAX_STATE_BYTES, Event, content_id
from telemetry.payloads import (
    MAX_INTEGER,
    MAX_TEXT,
    EventPayload,
    Payload,
    Timestamp,
    event_model,
    message_type,
)
from telemetry.samples import MAX_PAYLOAD_BYTES, Sample
from telemetry.status import LONGEST_INTERVAL, CollectorStatus

Decoded = TypeVar("Decoded")
Content: TypeAlias = Sample | Event | CollectorStatus
"""The decoded content of a message."""


class _StatusNumbers(Payload):
    """The numbers in a status, limited to values that a collector can publish."""

    started: Timestamp
    interval: Annotated[float, Field(gt=0, le=LONGEST_INTERVAL)]
    waiting: Annotated[int, Field(ge=0, le=MAX_INTEGER)] = 0
    dropped: Annotated[int, Field(ge=0, le=MAX_INTEGER)] = 0


class Address(NamedTuple):
    """The channel on which a message arrived, the channel's family, and the host in the topic.

    ``host`` is None if the topic's prefix contains no host. ``family`` is None for a status.
    """

    host: str | None
    channel: str
    family: Family | None


@lru_cache(maxsize=16_384)  # enough for a fleet; bounded because clients can make up topics
def resolve(scheme: TopicScheme, topic: str) -> Address:
    """Return the address in ``topic``.

    Raises MalformedMessageError with the reason ``unknown channel`` if the topic contains no known
    channel.
    """
    host, channel = scheme.parse(topic) or (None, "")
    family = family_of(channel)
    if family is None and channel != STATUS_CHANNEL:
        raise MalformedMessageError("unknown channel", repr(topic[:MAX_TEXT]))
    return Address(host, channel, family)


def decode(
    address: Address, payload: bytes, *, arrived: int, names: frozenset[str] | None = None
) -> Content:
    """Return the sample, event or status in ``payload``; a state is returned as an event.

    An event without a timestamp gets the time ``arrived`` (in Unix milliseconds). If ``names`` is
    given, a sample contains only the fields with these names, which makes decoding faster. Raises
    MalformedMessageError with the reason ``too large``, ``not a sample``, ``not an event``, ``host
    mismatch`` or ``channel mismatch``.
    """
    if address.family is None:
        return decode_status(address, payload)
    if address.family.nature is Nature.SAMPLE:
        return _sample(address, address.family, payload, names)
    return _event(address, address.family, payload, arrived)


def decode_sample(address: Address, payload: bytes) -> Sample:
    """Return the sample in ``payload``; raise the same errors as ``decode``."""
    if address.family is None or address.family.nature is not Nature.SAMPLE:
        raise MalformedMessageError("not a sample", f"{address.channel} does not carry samples")
    return _sample(address, address.family, payload, None)


def decode_status(address: Address, payload: bytes) -> CollectorStatus:
    """Return the status in ``payload``; raise the same errors as ``decode``."""
    channel = address.channel
    _validated(_StatusNumbers.model_validate_json, channel, payload)
    status = _validated(_status_adapter().validate_json, channel, payload)
    _require_same_host(address.host, status.host)
    return status


def make_event(family: Family, model: EventPayload, arrived: int) -> Event:
    """Return the event that ``model`` describes; fill in a missing id or timestamp."""
    return _event_of(family.channel, model, arrived)


def _sample(
    address: Address, family: Family, payload: bytes, names: frozenset[str] | None
) -> Sample:
    values = _validated(_validator(family, names), address.channel, payload)
    host, timestamp, late = values.pop("host"), values.pop("timestamp"), values.pop("late")
    _require_same_host(address.host, host)
    return Sample(address.channel, host, timestamp, values, late)


def _event(address: Address, family: Family, payload: bytes, arrived: int) -> Event:
    validate = event_model(family).model_validate_json
    limit = MAX_STATE_BYTES if family.nature is Nature.STATE else MAX_EVENT_BYTES
    model = _validated(validate, address.channel, payload, limit, "not an event")
    if model.host is None and address.host is not None:
        try:
            model.host = address.host
        except ValidationError:
            raise MalformedMessageError("not an event", f"host {address.host!r}") from None
    _require_same_host(address.host, model.host)
    event = _event_of(address.channel, model, arrived)
    for name, value in place_of(address.channel).items():
        if event.values.get(name, value) != value:
            detail = f"{name} {event.values[name]!r} on {address.channel}"
            raise MalformedMessageError("channel mismatch", detail)
    return event


def _event_of(channel: str, model: EventPayload, arrived: int) -> Event:
    values = model.model_dump(exclude={"id", "timestamp", "host"})
    timestamp = arrived if model.timestamp is None else model.timestamp
    identity = model.id or content_id(channel, timestamp, model.host, values)
    return Event(channel, identity, timestamp, model.host, values)


@cache
def _validator(family: Family, names: frozenset[str] | None) -> Callable[[bytes], dict[str, Any]]:
    return message_type(family, names).validator.validate_json


@cache
def _status_adapter() -> TypeAdapter[CollectorStatus]:
    return TypeAdapter(CollectorStatus)


def _validated(
    validate: Callable[[bytes], Decoded],
    channel: str,
    payload: bytes,
    limit: int = MAX_PAYLOAD_BYTES,
    reason: str = "not a sample",
) -> Decoded:
    if len(payload) > limit:
        raise MalformedMessageError("too large", f"{len(payload)} bytes on {channel}")
    try:
        return validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:MAX_TEXT] or "payload"
        raise MalformedMessageError(reason, f"{channel}: {place}: {first['msg']}") from None


def _require_same_host(by_topic: str | None, by_payload: str | None) -> None:
    if by_topic not in (None, by_payload):
        raise MalformedMessageError(
            "host mismatch", f"payload of host {by_payload!r} on a topic of host {by_topic!r}"
        )
