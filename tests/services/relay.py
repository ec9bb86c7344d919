"""A TCP relay, which makes a server reachable at another port from a moment that a test chooses."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.services.in_thread import served

_BYTES = 65536


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def relay(port: int, upstream: int) -> Iterator[None]:
    """Forward connections to ``port`` of loopback to the port ``upstream``."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", upstream)) as server:
                threading.Thread(target=_forward, args=(server, self.request)).start()
                _forward(self.request, server)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
    with served(server):
        yield
