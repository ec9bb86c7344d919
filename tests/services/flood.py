"""A client that floods a broker with messages, faster than an MQTT library could."""

import contextlib
import itertools
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_AT_ONCE = 1000
_PAUSE_SECONDS = 0.02
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Flood:
    """Messages of ``size`` bytes with QoS 0, ``rate`` a second.

    ``topic`` may contain ``{}``, a number below ``topics``.
    """

    topic: str
    size: int
    rate: int
    topics: int = 1
    retained: bool = False


def publish(
    port: int, flood: Flood, seconds: float, enough: Callable[[], bool] = lambda: False
) -> int:
    """Publish to the broker for ``seconds``, or until ``enough``; return how many it has read.

    If the broker ends the connection, another is made.
    """
    numbers, payload, sent = itertools.count(), b"x" * flood.size, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end and not enough():
        with contextlib.suppress(OSError), _connection(port) as connection:
            began, before = time.monotonic(), sent
            while (now := time.monotonic()) < end and not enough():
                due = int((now - began) * flood.rate) - (sent - before)
                for _ in range(min(due, _AT_ONCE)):
                    topic = flood.topic.format(next(numbers) % flood.topics)
                    connection.sendall(_packet(topic, payload, retained=flood.retained))
                    sent += 1
                time.sleep(_PAUSE_SECONDS)
        time.sleep(_PAUSE_SECONDS)
    return sent


@contextlib.contextmanager
def _connection(port: int) -> Iterator[socket.socket]:
    """Connect as an MQTT 3.1.1 client. Raises OSError if it is not accepted."""
    name = f"flood-{uuid.uuid4().hex[:12]}".encode()
    rest = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2) + name
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(b"\x10" + bytes([len(rest)]) + rest)
        if connection.recv(4) != b"\x20\x02\x00\x00":
            raise OSError("not accepted")
        yield connection


def _packet(topic: str, payload: bytes, *, retained: bool) -> bytes:
    """Return a PUBLISH (MQTT 3.1.1, sections 2.2.3 and 3.3)."""
    body = len(topic).to_bytes(2) + topic.encode() + payload
    length, rest = bytearray(), len(body)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([0x31 if retained else 0x30, *length, rest]) + body
