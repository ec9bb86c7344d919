"""Extends uvicorn's protocols to limit the connections, memory and time that clients can use."""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.errors import error_body
from api.serving.connections import Connections
from api.serving.headers import missing_headers, with_missing_lines

_REQUEST_SECONDS = 10.0  # for a request to arrive, or, after the response, for its unread rest
_BYTES_PER_SECOND = 200_000  # limit on the rate at which a WebSocket client's data is read
# Limit on the output that a client has not read, which is checked when the client sends something.
# A frame has at most an eighth of this size.
_UNREAD_BYTES = 1_048_576


class _Connection(h11.Connection):
    """An h11 connection that sends the head of a response together with the start of its body.

    This saves a system call, and a client that waits for the whole response wakes only once. The
    connection also adds the protective headers (see ``headers.py``) to the head.
    """

    _head = b""

    def send(self, event: h11.Event) -> bytes | None:  # type: ignore[override] # of overloads
        """Return the bytes to send; hold back the head of a response until the next call."""
        data = super().send(event)
        if isinstance(event, h11.Response) and data is not None:
            self._head = with_missing_lines(data, event.headers)
            return b""
        if data is None or not self._head:
            return data
        data, self._head = self._head + data, b""
        return data


class HttpProtocol(H11Protocol):
    """Limits the number of connections, and the time that a request may take to arrive.

    The second limit is needed because uvicorn's own time limit no longer applies once the client
    has sent a byte.
    """

    _deadline = 0.0
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as uvicorn's
        """Prepare for a connection."""
        super().__init__(*arguments, **options)
        self.conn = _Connection(h11.SERVER)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection; if there are then too many, close one of them."""
        super().connection_made(transport)
        self._await_request()
        _connections(self.app_state).add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        _connections(self.app_state).discard(self.transport)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._await_request()

    def handle_websocket_upgrade(self, event: Any) -> None:  # noqa: ANN401 - h11 ships no types
        """Hand the connection over to the WebSocket protocol."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def _await_request(self) -> None:
        self._deadline = self.loop.time() + _REQUEST_SECONDS
        if self._timer is None:  # one timer serves many requests
            self._timer = self.loop.call_at(self._deadline, self._check_deadline)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check_deadline(self) -> None:
        self._timer = None
        if self.loop.time() < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._check_deadline)
        elif self.cycle is None or self.cycle.response_complete:  # no response is under way
            self.transport.abort()


def _connections(app_state: dict[str, Any]) -> Connections:
    connections: Connections = app_state["connections"]  # from the application's lifespan
    return connections


class Output:
    """Writes the application's frames to a WebSocket without waiting for the client.

    A frame may be written to hundreds of these objects, one per client, so each object is kept
    small, with few attributes. A ``WebSocketProtocol`` object, with its many attributes, would
    take up more CPU cache than the frame.
    """

    __slots__ = ("_transport", "can_write", "interrupt", "on_writable")

    def __init__(self, transport: asyncio.Transport, interrupt: Callable[[], None]) -> None:
        """Write to ``transport``."""
        self._transport = transport
        self.can_write = True
        self.on_writable: Callable[[], None] = lambda: None
        self.interrupt = interrupt

    def write(self, frame: bytes) -> None:
        """Write a whole frame, unless the connection is closing."""
        if not self._transport.is_closing():
            self._transport.write(frame)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, hardened against misbehaving clients.

    It answers handshakes that the websockets library cannot parse. It limits how fast it reads from
    each client, so a client that floods the server does not delay the others. It
    disconnects a client that sends pings but does not read the pongs, because uvicorn would buffer
    all of the pongs.

    The ASGI scope contains the client's ``Output`` as ``state["connection"]``. This lets
    the application write the same frame to the outputs of many clients.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Create the ``Output`` for a new connection."""
        super().connection_made(transport)
        self._output = Output(transport, self._interrupt)

    def pause_writing(self) -> None:
        """Stop writing, because the transport holds over 64 KiB that the client has not read."""
        super().pause_writing()
        self._output.can_write = False

    def resume_writing(self) -> None:
        """Continue writing the waiting frames."""
        super().resume_writing()
        self._output.can_write = True
        self._output.on_writable()

    async def run_asgi(self) -> None:
        """Run the application."""
        self.scope["state"]["connection"] = self._output
        await super().run_asgi()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _connections(self.app_state).discard(self.transport)
        super().connection_lost(exc)

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message from the application; if it is a refusal, add the protective headers."""
        if message["type"] == "websocket.http.response.start":
            own = list(message["headers"])
            message = {**message, "headers": [*own, *missing_headers(own)]}
        await super().send(message)
        if self.close_sent:  # a refusal too, which uvicorn would otherwise report as an error
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Handle incoming bytes."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        # uvicorn's HTTP protocol passes the handshake on in one piece, so this one is unreadable.
        if not self.handshake_initiated:
            self.transport.write(_UNREADABLE_OPENING)
            self.transport.close()
        elif self.transport.get_write_buffer_size() > _UNREAD_BYTES:
            self.transport.abort()
        elif not self.read_paused:  # the data was control frames, or part of a message
            self.transport.pause_reading()
            self.loop.call_later(len(data) / _BYTES_PER_SECOND, self._resume_reading)

    def _interrupt(self) -> None:
        """Make the application's ``receive`` return as if the client had disconnected."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()


def _unreadable_opening() -> bytes:
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    message = "The URL or the headers are too long for a WebSocket; large cookies may be the cause."
    body = json.dumps(error_body("headers_too_large", message))
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body)).encode()


_UNREADABLE_OPENING = _unreadable_opening()
