"""The live stream: one WebSocket per client."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.errors import InvalidParameterError, error_body, quote
from api.live.client import TOO_MANY, Client
from api.live.filters import (
    CHANNEL_PARAMETERS,
    from_query,
    is_channel,
    require_channels,
    validated_filters,
)
from api.live.frames import Text
from api.live.hub import Hub
from api.parameters import require_known
from api.rest.context import PREFIX

MAX_MESSAGE_BYTES = 16_384
SUBPROTOCOL = "system-monitor"
_POLICY_VIOLATION = 1008
_TRY_AGAIN_LATER = 1013
_MAX_REASON_BYTES = 123  # RFC 6455, section 5.5
_CLOSE_SECONDS = 10.0
_PAUSE_SECONDS = 0.005  # after each message of a client
_OPTIONS = ("host", "batch")  # the other query parameters
_ACTIONS = "it must be subscribe or unsubscribe"

router = APIRouter(prefix=PREFIX)


@router.websocket("/ws")
async def stream(websocket: WebSocket) -> None:
    """Stream the channels that match a filter in the query parameter ``channels``.

    The parameter ``host`` selects one host. By default, all channels of all hosts are streamed.
    ``channel`` is an alias for ``channels``. With ``batch=true``, frames are collected for
    50 ms and sent together, as JSON arrays of at most 100 frames.
    """
    await _serve(websocket, lambda: _requested_filters(websocket.query_params))


@router.websocket("/ws/{channel:path}")
async def stream_channel(websocket: WebSocket, channel: str) -> None:
    """Stream one channel."""
    await _serve(websocket, lambda: _one_channel(channel, websocket.query_params))


@router.get("/ws", include_in_schema=False)
@router.get("/ws/{_channel:path}", include_in_schema=False)
async def require_upgrade(_channel: str = "") -> None:
    """Reject a plain HTTP request, because this path accepts only WebSocket connections."""
    raise HTTPException(HTTPStatus.UPGRADE_REQUIRED, headers={"Upgrade": "websocket"})


async def refuse(websocket: WebSocket) -> None:
    """Reject a WebSocket handshake on a path that has no WebSocket."""
    message = f"There is no WebSocket at {quote(websocket.url.path)}; connect to {PREFIX}/ws."
    await _deny(websocket, HTTPStatus.NOT_FOUND, "not_found", message)


async def _deny(websocket: WebSocket, status: HTTPStatus, code: str, message: str) -> None:
    await websocket.send_denial_response(JSONResponse(error_body(code, message), status))


def _subprotocol(websocket: WebSocket) -> str | None:
    """Return our subprotocol if the client offers it, else None.

    A page in a browser can send the token as a subprotocol. The browser closes the connection if
    the server accepts none of the offered subprotocols, so the page must also offer ours.
    """
    return SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None


def _live_filters(name: str, filters: Iterable[object]) -> tuple[str, ...]:
    """Validate ``filters``; each must be able to match a channel. Raises InvalidParameterError."""
    valid = validated_filters(name, filters)
    require_channels(name, valid)
    return valid


def _requested_filters(query: QueryParams) -> tuple[str, ...]:
    require_known(query, (*CHANNEL_PARAMETERS, *_OPTIONS))
    name, filters = from_query({each: query.getlist(each) for each in CHANNEL_PARAMETERS})
    return _live_filters(name, filters)


def _one_channel(channel: str, query: QueryParams) -> tuple[str, ...]:
    require_known(query, _OPTIONS)
    if not is_channel(channel):
        raise InvalidParameterError("channel", channel, "it must be a channel such as system/cpu")
    return (channel,)


async def _serve(websocket: WebSocket, filters: Callable[[], tuple[str, ...]]) -> None:
    """Serve a client until it disconnects; ``filters`` can raise InvalidParameterError."""
    hub: Hub = websocket.app.state.parts.live.hub
    if not hub.has_room(_address(websocket)):
        await _deny(websocket, HTTPStatus.SERVICE_UNAVAILABLE, "too_many_clients", TOO_MANY)
        return
    with contextlib.suppress(WebSocketDisconnect, OSError):  # the client may disconnect at any time
        await websocket.accept(_subprotocol(websocket))
        try:
            client = _client(websocket, filters())
        except InvalidParameterError as error:
            await websocket.send_text(_error_frame("wrong_parameter", str(error)))
            await _close(websocket, _POLICY_VIOLATION, str(error))
            return
        hub.join(client)
        try:
            await _receive(websocket, hub, client)
        finally:
            hub.leave(client)
        if client.dropped is not None:
            await _close(websocket, _TRY_AGAIN_LATER, client.dropped)


def _address(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else ""


def _client(websocket: WebSocket, filters: tuple[str, ...]) -> Client:
    """Return a client with the options from the query. Raises InvalidParameterError."""
    batch = websocket.query_params.get("batch", "false")
    if batch not in ("true", "false"):
        raise InvalidParameterError("batch", batch, "it must be true or false")
    return Client(
        websocket.state.connection,
        filters,
        websocket.query_params.get("host"),
        batch=batch == "true",
        address=_address(websocket),
    )


async def _receive(websocket: WebSocket, hub: Hub, client: Client) -> None:
    """Handle the client's messages until either side disconnects."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        _handle(message.get("text"), hub, client)
        await asyncio.sleep(_PAUSE_SECONDS)  # a burst of messages must not delay other clients


def _handle(text: str | None, hub: Hub, client: Client) -> None:
    try:
        action, channels = _parse(text)
        if action == "subscribe":
            filters = validated_filters("channels", [*client.filters, *channels])
        else:
            filters = tuple(each for each in client.filters if each not in channels)
    except InvalidParameterError as error:
        client.offer(Text(_error_frame("wrong_message", str(error))))
    else:
        acknowledgement = json.dumps({"event": f"{action}d", "channels": filters})
        hub.change(client, filters, acknowledgement)


def _parse(text: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a message's action and filters. Raises InvalidParameterError."""
    try:
        message: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        raise InvalidParameterError(
            "message", text or "", 'it must be JSON such as {"action":"subscribe","channels":[…]}'
        ) from None
    if not isinstance(message, dict):
        raise InvalidParameterError("message", text, "it must be a JSON object")
    action, channels = message.get("action"), message.get("channels")
    if action not in ("subscribe", "unsubscribe"):
        raise InvalidParameterError("action", action, _ACTIONS)
    if not isinstance(channels, list):
        raise InvalidParameterError("channels", channels, "it must be a list of channels")
    return action, _live_filters("channels", channels)


def _error_frame(code: str, message: str) -> str:
    return json.dumps({"event": "error", "code": code, "message": message})


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Close with ``reason``; if the client does not respond, the server ends the connection."""
    cut = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
    with contextlib.suppress(TimeoutError, RuntimeError):  # RuntimeError: already closed
        async with asyncio.timeout(_CLOSE_SECONDS):
            await websocket.close(code, cut)
