"""Serves ``/api/v1/asyncapi.json``, which describes the MQTT topics and the WebSocket.

This AsyncAPI 3 document is generated from the catalogue.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request

from api.live.filters import CHANNEL_PARAMETERS
from api.live.websocket import SUBPROTOCOL
from api.rest.asyncapi_messages import (
    FROM_CLIENT,
    STATUS,
    STATUS_HELP,
    example_status,
    frames,
    messages,
    schemas,
)
from api.rest.context import PREFIX, Context
from telemetry import __version__
from telemetry.bus.client import KEEPALIVE_SECONDS
from telemetry.bus.messages import AT_LEAST_ONCE
from telemetry.catalogue import FAMILIES, STATUS_CHANNEL, Nature
from telemetry.catalogue.model import PLACEHOLDER
from telemetry.settings import Settings
from telemetry.status import STATUS_SECONDS, CollectorState

router = APIRouter(include_in_schema=False)

_STREAM = "stream"
_MQTT = {"bindingVersion": "0.2.0"}
_PLACES = {"host": "name of the host that the message is about"}
_RETAINED = "The broker retains the newest message and sends it to each new subscriber."
_ABOUT = {
    Nature.SAMPLE: f"Published once per interval (setting `interval_seconds`). {_RETAINED}",
    Nature.STATE: "Published and retained when the finding or run begins and when it changes. When "
    "it ends, a final message is published without the retain flag, and an empty message deletes "
    "the retained message.",
    Nature.EVENT: "Published once, and not retained. "
    "Any client to which the broker grants permission can publish such an event.",
}


@router.get("/api/v1/asyncapi.json")
async def asyncapi(request: Request, parts: Context) -> JSONResponse:
    """Describe the topics of the configured broker, and the WebSocket of this API."""
    return JSONResponse(document(parts.settings, request.url.netloc, tls=request.url.is_secure))


def document(settings: Settings, http_host: str, *, tls: bool) -> dict[str, Any]:
    """Return the AsyncAPI document for clients that reach the API at ``http_host``."""
    sent = frames()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "System Monitor",
            "version": __version__,
            "description": "Metrics of machine-learning machines, as messages on MQTT topics "
            "and as frames of a WebSocket. A value that the hardware does not report is null. "
            "New versions may add fields.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(settings, http_host, tls=tls),
        "channels": {**dict(_channels(settings)), _STREAM: _stream(sent)},
        "operations": dict(_operations(sent)),
        "components": {
            "messages": messages() | sent,
            "schemas": schemas(),
            "securitySchemes": {
                "login": {
                    "type": "userPassword",
                    "description": "The name and password of one of the broker's users.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The value of the setting `http_token`.",
                },
            },
        },
    }


def _servers(settings: Settings, http_host: str, *, tls: bool) -> dict[str, Any]:
    broker = settings.broker
    secured = [{"$ref": "#/components/securitySchemes/login"}]
    token = [{"$ref": "#/components/securitySchemes/token"}]
    will = {
        "topic": settings.topics.topic("{host}", STATUS_CHANNEL),
        "qos": AT_LEAST_ONCE,
        "retain": True,
        "message": example_status(CollectorState.OFFLINE).payload().decode(),
    }
    return {
        "mqtt": {
            "host": f"{broker.host}:{broker.port}",
            "protocol": "secure-mqtt" if broker.tls else "mqtt",
            "protocolVersion": "3.1.1",
            "description": "The broker. The bindings show a collector's client id and last will.",
            **({"security": secured} if broker.username is not None else {}),
            "bindings": {
                "mqtt": {
                    "clientId": settings.topics.client_id("collector", "{host}"),
                    "cleanSession": False,
                    "keepAlive": KEEPALIVE_SECONDS,
                    "lastWill": will,
                    **_MQTT,
                }
            },
        },
        "api": {
            "host": http_host,
            "protocol": "wss" if tls else "ws",
            "description": "The API. If a proxy in front of it uses TLS, connect with wss, not ws.",
            **({"security": token} if settings.http_token is not None else {}),
        },
    }


def _channels(settings: Settings) -> Iterator[tuple[str, Any]]:
    named = [(family.name, family.channel, family.help, family.labels) for family in FAMILIES]
    for name, channel, text, labels in (*named, (STATUS, STATUS_CHANNEL, STATUS_HELP, ())):
        address = settings.topics.topic("{host}", channel)
        found = [match["name"] for match in PLACEHOLDER.finditer(channel)]
        about = _PLACES | {
            place: f"the {label}" for place, label in zip(found, labels, strict=False)
        }
        places = [match["name"] for match in PLACEHOLDER.finditer(address)]
        parameters = {place: {"description": about.get(place, place)} for place in places}
        yield (
            name,
            {
                "address": address,
                "title": channel,
                "description": text,
                "servers": [{"$ref": "#/servers/mqtt"}],
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
                **({"parameters": parameters} if parameters else {}),
            },
        )


def _operations(sent: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for family in FAMILIES:
        retained = family.nature is not Nature.EVENT
        yield (
            f"send_{family.name}",
            _publishing(family.name, _ABOUT[family.nature], retain=retained),
        )
        if not retained:
            receive = _publishing(family.name, _ABOUT[family.nature], retain=False)
            yield f"receive_{family.name}", receive | {"action": "receive"}
    about = (
        f"Published about every {STATUS_SECONDS:g} s (every `interval_seconds` if that is longer), "
        f"whenever the status changes, and as the last will. {_RETAINED}"
    )
    yield f"send_{STATUS}", _publishing(STATUS, about, retain=True)
    sides = {"send": [name for name in sent if name != FROM_CLIENT], "receive": [FROM_CLIENT]}
    for action, names in sides.items():
        yield (
            f"{action}_{_STREAM}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{_STREAM}"},
                "messages": [{"$ref": f"#/channels/{_STREAM}/messages/{name}"} for name in names],
            },
        )


def _publishing(name: str, text: str, *, retain: bool) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": text,
        "bindings": {"mqtt": {"qos": AT_LEAST_ONCE, "retain": retain, **_MQTT}},
    }


def _stream(sent: Iterable[str]) -> dict[str, Any]:
    filters = {"type": "string", "description": "channels or MQTT filters, separated by commas"}
    query = {
        **dict.fromkeys(CHANNEL_PARAMETERS, filters),
        "host": {"type": "string", "description": "only the channels of this host"},
        "batch": {
            "type": "string",
            "enum": ["true", "false"],
            "description": "true: frames are collected for 50 ms and sent together, as arrays of "
            "at most 100 frames",
        },
    }
    return {
        "address": f"{PREFIX}/ws",
        "title": "Live stream",
        "description": "Sends the newest values immediately, then each message as it arrives. "
        f"The only subprotocol that the server accepts is {SUBPROTOCOL}.",
        "servers": [{"$ref": "#/servers/api"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sent},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": query},
                "bindingVersion": "0.1.0",
            }
        },
    }
