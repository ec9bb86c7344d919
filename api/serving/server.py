"""Runs the application with uvicorn, in its own thread."""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
import time
from email.utils import formatdate

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from api.live.websocket import MAX_MESSAGE_BYTES
from api.serving.connections import ACCEPTED_AT_ONCE
from api.serving.protocols import HttpProtocol, WebSocketProtocol
from telemetry.errors import SettingsError

log = logging.getLogger(__name__)

_START_SECONDS = 10.0
_STOP_SECONDS = 1.5
_REQUESTS_SECONDS = 0.4  # for running requests to finish when the server stops
_ABORT_SECONDS = 0.3  # until all open connections are aborted, even if a client does not read
_PING_SECONDS = 20.0
_UNREAD_MILLISECONDS = 30_000
_RECEIVE_BYTES = 16_384
_BACKLOG = 1024  # a thousand clients may reconnect at once


class ApiServer:
    """Serves ``app`` between ``start`` and ``stop``. With port 0, the system chooses a port."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Prepare to listen on ``host``, an address or name of this machine."""
        self._app = app
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self._port

    def start(self) -> None:
        """Serve in the background; return once the server accepts requests.

        Raises SettingsError if the server cannot start, for example because the port is in use.
        """
        listener = _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        logger = logging.getLogger("uvicorn.error")
        logger.addFilter(_without_traceback)
        # At debug level, the websockets library logs headers, which contain the token.
        logger.setLevel(max(logging.INFO, logging.getLogger().level))
        self._server = server = _Server(_configuration(self._app))
        self._thread = threading.Thread(
            target=server.run_on, args=(listener,), name="api", daemon=True
        )
        self._thread.start()
        if not server.wait_started(self._thread):
            listener.close()
            self.stop()
            raise SettingsError(f"The API could not start on {self._host}:{self._port}.")

    def stop(self) -> None:
        """Stop within about a second, even while requests are being served. Safe to call twice."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is not None and thread is not None:
            server.leave()
            thread.join(_STOP_SECONDS)


class _State(ServerState):
    """uvicorn's state, but the Date header is updated when a response needs it, not by a timer."""

    _second = 0
    _headers: list[tuple[bytes, bytes]]

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._headers = [(b"date", formatdate(second, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, _headers: list[tuple[bytes, bytes]]) -> None:
        """Ignore uvicorn's headers: they contain only the Date header, which the getter creates."""


class _Server(uvicorn.Server):
    """uvicorn's server, but it sleeps until ``leave`` is called, instead of waking every 0.1 s."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = _State()
        self._settled = threading.Event()
        self._leaving: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_on(self, listener: socket.socket) -> None:
        """Serve until ``leave`` is called; return early if the application fails to start."""
        with contextlib.suppress(SystemExit):
            self.run([listener])

    def wait_started(self, thread: threading.Thread) -> bool:
        """Wait until the server accepts requests; return False if it does not start within 10 s."""
        self._settled.wait(_START_SECONDS)
        return self.started and thread.is_alive()

    def leave(self) -> None:
        """Make the server stop; callable from any thread."""
        self.should_exit = True
        if self._loop is not None and self._leaving is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        try:
            await super().startup(sockets)
            for listener in sockets or ():
                listener.listen(_BACKLOG)
        finally:
            self._settled.set()

    async def main_loop(self) -> None:
        if self._leaving is not None:
            await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(_ABORT_SECONDS, self._abort_connections)
        await super().shutdown(sockets)

    def _abort_connections(self) -> None:
        # uvicorn would wait until each client has read everything.
        for connection in self.server_state.connections:
            connection.transport.abort()


def _configuration(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=_REQUESTS_SECONDS,  # type: ignore[arg-type] # a float works
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0].lower()
        port_is_wrong = error.errno in (errno.EADDRINUSE, errno.EACCES)
        other = "port with --http-port" if port_is_wrong else "address with --http-host"
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({reason}): choose another {other}."
        ) from None
    # Connections inherit these options. asyncio turns Nagle's algorithm off only for sockets whose
    # ``proto`` is TCP, and for these sockets it is 0. With Nagle's algorithm, a response on a
    # keep-alive connection would wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Clients send little, so a small buffer suffices. All bytes that are read from a client are
    # parsed without a break, so a small buffer also keeps the other clients from waiting long.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # The kernel closes the connection of a client that has stopped reading.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    return listener


def _without_traceback(record: logging.LogRecord) -> bool:
    """Reduce a uvicorn log record to one line, without its traceback."""
    message = record.getMessage().strip()
    if message.startswith("Traceback"):  # of a failed start: Starlette logs it as text
        record.msg, record.args = message.splitlines()[-1], ()
    if record.exc_info:
        record.msg = f"{message}: {record.exc_info[1]!r}"
        record.args, record.exc_info, record.exc_text = (), None, None
    return True
