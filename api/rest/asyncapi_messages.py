"""Builds the AsyncAPI document's message schemas and examples from the catalogue."""

from typing import Any

from pydantic import TypeAdapter

from telemetry import __version__
from telemetry.catalogue import FAMILIES, STATUS_CHANNEL, Family, Nature, example_channel
from telemetry.payloads import event_model, message_type
from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState

STATUS = "status"
STATUS_HELP = "Whether the collector is online, and the state of each sensor."
FROM_CLIENT = "change"
"""The only message that a client can send on the WebSocket."""

_NOW = 1_767_225_600_000
_REF = "#/components/schemas/"


def example_status(state: CollectorState = CollectorState.ONLINE) -> CollectorStatus:
    """Return an example status; if ``state`` is offline, the example is a last will."""
    online = state is CollectorState.ONLINE
    return CollectorStatus(
        host="gpu-07",
        timestamp=_NOW,
        state=state,
        version=__version__,
        started=_NOW,
        interval=2.0,
        sensors={"cpu": SensorReport(SensorState.OK, duration_ms=0.4)} if online else {},
        last_will=not online,
    )


def schemas() -> dict[str, Any]:
    """Return the JSON schemas of the payloads, by name.

    They are generated from the models that decode the payloads.
    """
    adapters = [*map(_type, FAMILIES), TypeAdapter(CollectorStatus)]
    _, found = TypeAdapter.json_schemas(
        [(index, "validation", adapter) for index, adapter in enumerate(adapters)],
        ref_template=f"{_REF}{{model}}",
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def messages() -> dict[str, Any]:
    """Return a description of each MQTT message, by name."""
    found = {family.name: _message(family) for family in FAMILIES}
    payload = TypeAdapter(CollectorStatus).dump_python(example_status(), mode="json")
    found[STATUS] = _described(STATUS, STATUS_HELP, _ref(TypeAdapter(CollectorStatus)), payload)
    return found


def frames() -> dict[str, Any]:
    """Return a description of each WebSocket message, by name."""
    found = {f"{name}_frame": _frame(name, message) for name, message in messages().items()}
    return found | _CONTROL


def _type(family: Family) -> TypeAdapter[Any]:
    if family.nature is Nature.SAMPLE:
        return message_type(family)
    return TypeAdapter(event_model(family))


def _message(family: Family) -> dict[str, Any]:
    payload: dict[str, Any] = {"host": "gpu-07", "timestamp": _NOW}
    if family.nature is not Nature.SAMPLE:
        payload["id"] = "3f9a1c5e0b7d4286"
    payload |= {field.name: field.example for field in family.fields}
    return _described(family.name, family.help, _ref(_type(family)), payload)


def _frame(name: str, message: dict[str, Any]) -> dict[str, Any]:
    family = next((each for each in FAMILIES if each.name == name), None)
    event = "status" if family is None else family.name
    if family is not None and family.nature is Nature.SAMPLE:
        event = "metrics"
    channel = STATUS_CHANNEL if family is None else example_channel(family)
    schema = _object(
        {
            "channel": {"type": "string", "examples": [channel]},
            "event": {"type": "string", "enum": [event]},
            "data": message["payload"],
            "age_seconds": {
                "type": "number",
                "description": "age of the value; present only in the newest values that are sent "
                "when a client connects or subscribes to more channels",
            },
        },
        "channel",
        "event",
        "data",
    )
    data = message["examples"][0]["payload"]
    example = {"channel": channel, "event": event, "data": data}
    return _described(f"{name}_frame", message["summary"], schema, example)


def _described(name: str, text: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    return {
        "name": name,
        "summary": text,
        "contentType": "application/json",
        "payload": schema,
        "examples": [{"payload": example}],
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _texts(text: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": text}


_CONTROL = {
    "removed": _described(
        "removed",
        "The host no longer has a value on this channel.",
        _object(
            {
                "channel": {"type": "string"},
                "event": {"type": "string", "enum": ["removed"]},
                "data": _object({"host": {"type": "string"}}, "host"),
            },
            "channel",
            "event",
            "data",
        ),
        {"channel": "system/gpu/0", "event": "removed", "data": {"host": "gpu-07"}},
    ),
    "changed": _described(
        "changed",
        "The response to a client that has changed its filters.",
        _object(
            {
                "event": {"type": "string", "enum": ["subscribed", "unsubscribed"]},
                "channels": _texts("all filters of the client after the change"),
            },
            "event",
            "channels",
        ),
        {"event": "subscribed", "channels": ["system/cpu", "system/memory"]},
    ),
    "error": _described(
        "error",
        "A message or parameter from the client is not valid.",
        _object(
            {
                "event": {"type": "string", "enum": ["error"]},
                "code": {"type": "string", "enum": ["wrong_message", "wrong_parameter"]},
                "message": {"type": "string", "description": "one sentence"},
            },
            "event",
            "code",
            "message",
        ),
        {"event": "error", "code": "wrong_message", "message": "One sentence."},
    ),
    "change": _described(
        "change",
        "A client adds filters or removes them.",
        _object(
            {
                "action": {"type": "string", "enum": ["subscribe", "unsubscribe"]},
                "channels": _texts("channels or MQTT filters"),
            },
            "action",
            "channels",
        ),
        {"action": "subscribe", "channels": ["system/memory"]},
    ),
}


def _ref(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    return {"$ref": f"{_REF}{adapter.json_schema()['title']}"}
