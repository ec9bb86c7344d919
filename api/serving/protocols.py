"""uvicorn's protocols with limits on the connections and on the memory of each."""

import asyncio
import json
import sys
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.errors import error_body

_MOST_CONNECTIONS = 2048  # twice the limit of WebSocket clients
ACCEPTED_AT_ONCE = 16  # per turn of the event loop, which needs four turns to reject a connection
_OTHER_FILES = (
    128 + 4 * ACCEPTED_AT_ONCE
)  # the broker, the history, the sensors, rejected connections
_FEWEST_CONNECTIONS = 64
_OPENING_SECONDS = 30.0
_BYTES_PER_SECOND = 200_000  # that a WebSocket client may send
_UNREAD_BYTES = 1_048_576  # a frame has at most a quarter of this


def most_connections() -> int:
    """Return the limit of connections, which leaves some open files for everything else."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource  # noqa: PLC0415 - Unix only

    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(_MOST_CONNECTIONS, max(_FEWEST_CONNECTIONS, allowed - _OTHER_FILES))


class HttpProtocol(H11Protocol):
    """uvicorn's, but rejects surplus connections and closes those that send no request."""

    _opening: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, if the limit allows it."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._opening = self.loop.call_later(_OPENING_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._opening is not None:
            self._opening.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:  # noqa: ANN401 - h11 ships no types
        """Hand the connection over."""
        if self._opening is not None:
            self._opening.cancel()
        super().handle_websocket_upgrade(event)

    def _give_up(self) -> None:
        if self.cycle is None:  # no request has arrived
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which also answers handshakes that websockets cannot parse.

    It also limits the rate at which it reads, so that a client that floods it does not delay the
    others. And it closes the connection of a client that sends pings and does not read the pongs:
    uvicorn would buffer them all.
    """

    def data_received(self, data: bytes) -> None:
        """Handle incoming bytes."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        # The handshake arrives in one piece, from uvicorn's HTTP protocol.
        if not self.handshake_initiated:
            self.transport.write(_UNREADABLE_OPENING)
            self.transport.close()
        elif self.transport.get_write_buffer_size() > _UNREAD_BYTES:
            self.transport.abort()
        elif not self.read_paused:  # these were control frames, or part of a message
            self.transport.pause_reading()
            self.loop.call_later(len(data) / _BYTES_PER_SECOND, self._resume_reading)

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
