"""Helpers for WebSocket clients, well and badly behaved."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from api.live.newest import Update
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.running import GPU, SECONDS, RunningApi, cpu

WS = "/api/v1/system/ws"
# A WebSocket handshake without the line that ends the headers.
OPENING = (
    b"GET /api/v1/system/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def receive(stream: ClientConnection) -> Any:
    """Return the next frame."""
    return json.loads(stream.recv(timeout=SECONDS))


def receive_several(stream: ClientConnection, count: int) -> list[Any]:
    """Return the next ``count`` frames."""
    return [receive(stream) for _ in range(count)]


def closing_of(stream: ClientConnection) -> tuple[int, str]:
    """Read until the server closes ``stream``; return its code and reason."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            stream.recv(timeout=SECONDS)
    assert stream.close_code is not None
    return stream.close_code, stream.close_reason or ""


def refusal_of(api: RunningApi, path: str, **options: Any) -> tuple[int, Any, Headers]:
    """Return status, error and headers of a handshake that is expected to fail."""
    with pytest.raises(InvalidStatus) as refused:
        api.stream(path, **options)
    response = refused.value.response
    body = json.loads(response.body)
    assert body.keys() == {"error"}
    return response.status_code, body["error"], response.headers


def send_action(stream: ClientConnection, action: str, *channels: str) -> None:
    """Send a subscribe or unsubscribe message."""
    stream.send(json.dumps({"action": action, "channels": channels}))


def overwhelm_slow_client(api: RunningApi) -> int:
    """Publish large samples until a client is dropped; return how many another has read."""
    large = ["x" * 250] * 450  # so that the kernel's buffers fill quickly
    count = 0
    with api.stream("/api/v1/system/ws/system/gpu/0") as other:
        while api.live.hub.slow_clients == 0:
            values = {**GPU, "throttle_reasons": large, "power": float(count)}
            api.send(Sample("system/gpu/0", "alpha", unix_milliseconds(), values))
            assert receive(other)["data"]["power"] == count
            count += 1
    return count


@contextlib.contextmanager
def busy_loop(api: RunningApi) -> Iterator[None]:
    """Block the API's event loop with a sample: messages that arrive meanwhile must wait."""
    busy, free = threading.Event(), threading.Event()
    publish = api.live.hub.publish

    def publish_and_wait(update: Update) -> None:
        publish(update)
        busy.set()
        assert free.wait(SECONDS)

    # A sample sent while the API is still subscribing may arrive twice: retained, and live.
    api.wait_until_received()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.live.hub, "publish", publish_and_wait)
        api.send(cpu())
        assert busy.wait(SECONDS)
    try:
        yield
    finally:
        free.set()
