"""Generates the tables of docs/asyncapi.md from the AsyncAPI document of a default installation."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from api.rest.asyncapi import document
from telemetry.settings.loading import validated

Row = tuple[str, ...]
_STREAM = "stream"


def topics() -> Iterator[Row]:
    """Yield a row for each operation on a topic: topic, direction, QoS, retain flag, meaning."""
    found = _document()
    for operation in found["operations"].values():
        name = _last(operation["channel"])
        if name == _STREAM:
            continue
        channel, mqtt = found["channels"][name], operation["bindings"]["mqtt"]
        yield (
            f"`{channel['address']}`",
            {"send": "publishes", "receive": "receives"}[operation["action"]],
            str(mqtt["qos"]),
            "yes" if mqtt["retain"] else "no",
            f"{channel['description']} {operation['summary']}",
        )


def frames() -> Iterator[Row]:
    """Yield a row for each kind of WebSocket message: its sender, its summary and an example."""
    found = _document()
    for operation in found["operations"].values():
        if _last(operation["channel"]) != _STREAM:
            continue
        side = {"send": "server", "receive": "client"}[operation["action"]]
        for reference in operation["messages"]:
            message = found["components"]["messages"][_last(reference)]
            (example,) = message["examples"]
            yield side, message["summary"], f"`{_shortened(example['payload'])}`"


@cache
def _document() -> Any:  # noqa: ANN401 - JSON
    return document(validated({}), "localhost:8000", tls=False)


def _last(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _shortened(payload: Mapping[str, Any]) -> str:
    """Return ``payload`` as JSON, with only the first three fields of its data."""
    data = payload.get("data", {})
    few = dict(list(data.items())[:3]) | ({"…": "…"} if len(data) > 3 else {})  # noqa: PLR2004
    text = json.dumps({**payload, "data": few} if data else payload, ensure_ascii=False)
    return text.replace('"…": "…"', "…")
