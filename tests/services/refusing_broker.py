"""A broker that refuses subscriptions, with as much of MQTT 3.1.1 as that needs.

Mosquitto refuses them only with a plugin, and the embedded broker never does.
"""

import contextlib
import socketserver
import threading
from collections.abc import Iterator

from tests.services.in_thread import served

_CONNECT, _SUBSCRIBE, _PING = 0x10, 0x80, 0xC0
_ACCEPTED = b"\x20\x02\x00\x00"
_PONG = b"\xd0\x00"
_REFUSED, _GRANTED = 0x80, 0x01


class RefusingBroker(socketserver.ThreadingTCPServer):
    """Accepts every connection, and refuses subscriptions until ``allow`` is set."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of the loopback interface."""
        super().__init__(("127.0.0.1", 0), _Client)
        self.port: int = self.server_address[1]
        self.allow = threading.Event()
        self.connections = 0
        self.refusals = 0


class _Client(socketserver.StreamRequestHandler):
    server: RefusingBroker

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):
            while head := self.rfile.read(2):
                kind, length = head  # our packets are shorter than 128 bytes
                self.wfile.write(self._answer(kind & 0xF0, self.rfile.read(length)))

    def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == _SUBSCRIBE:
            refused = not self.server.allow.is_set()
            self.server.refusals += refused
            return bytes([0x90, 3, *body[:2], _REFUSED if refused else _GRANTED])
        return {_CONNECT: _ACCEPTED, _PING: _PONG}.get(kind, b"")


@contextlib.contextmanager
def refusing_broker() -> Iterator[RefusingBroker]:
    """Run the broker."""
    broker = RefusingBroker()
    with served(broker):
        yield broker
