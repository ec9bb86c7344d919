"""Time limits on connections, and their fair share."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from tests.api.live.test_crowds import is_closed
from tests.api.rest.test_health import HangingHistory
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.streams import OPENING, receive
from tests.services.processes import wait_until

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
TOKEN = "0123456789abcdef"  # noqa: S105 - of no real server


@contextmanager
def connection_from(address: str, api: RunningApi) -> Iterator[socket.socket]:
    """Connect from one of this machine's addresses."""
    server = ("127.0.0.1", api.server.port)
    with socket.create_connection(server, SECONDS, (address, 0)) as connection:
        yield connection


def is_open(connection: socket.socket) -> bool:
    """Return whether the server answers on ``connection``."""
    connection.sendall(GET + b"\r\n")
    answer = b""
    while not answer.endswith(b"}") and (data := connection.recv(65_536)):
        answer += data
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", b""),
        (GET, b""),
        (OPENING, b""),
        (GET + b"\r\n", b"G"),
        (GET + b"\r\n" + GET + b"\r\n", b"G"),
        (POST, b"1"),
    ],
    ids=["silent", "headers", "opening", "second request", "third request", "ignored body"],
)
def test_a_connection_is_closed_if_its_next_request_does_not_arrive_in_time(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, first: bytes, rest: bytes
) -> None:
    monkeypatch.setattr("api.serving.protocols._REQUEST_SECONDS", 0.5)
    with api.stream() as stream, api.socket(first) as connection:
        if rest:
            connection.recv(65_536)
            connection.sendall(rest)
        began = time.monotonic()
        assert is_closed(connection)
        assert time.monotonic() - began < 3  # uvicorn's own limit for an idle connection is 5 s
        api.send(cpu())
        assert receive(stream)["channel"] == "system/cpu"


def test_a_response_that_takes_longer_than_a_request_may_is_sent(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.protocols._REQUEST_SECONDS", 0.1)
    history = HangingHistory()
    with (
        running_api(shared_bus, tmp_path, reader=history) as api,
        api.socket(b"GET /api/v1/system/history HTTP/1.1\r\nHost: localhost\r\n\r\n") as slow,
        api.socket() as silent,
    ):
        wait_until(lambda: history.calls == 1, "the history is queried", SECONDS)
        assert is_closed(silent)  # so the time limit has passed
        history.release.set()
        assert slow.recv(65_536).startswith(b"HTTP/1.1 ")


def test_a_login_whose_body_does_not_arrive_in_time_is_answered_and_closed(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bodies._SECONDS", 0.1)
    monkeypatch.setattr("api.serving.protocols._REQUEST_SECONDS", 0.5)
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    with (
        running_api(shared_bus, tmp_path, http_token=TOKEN) as api,
        api.socket(head + b"t") as connection,
    ):
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
        connection.sendall(b"o")
        assert is_closed(connection)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_an_address_that_takes_all_connections_does_not_keep_others_out(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.serving.connections.most_connections", lambda: 6)
    with ExitStack() as stack:

        def connected(address: str) -> socket.socket:
            return stack.enter_context(connection_from(address, api))

        greedy = [connected("127.0.0.2") for _ in range(6)]
        assert is_closed(connected("127.0.0.2"))
        first, second, third = (connected("127.0.0.1") for _ in range(3))
        assert all(map(is_open, (first, second, third)))
        assert all(map(is_closed, reversed(greedy[3:])))
        assert is_closed(connected("127.0.0.1"))
        assert is_open(connected("127.0.0.3"))
        assert sum(map(is_open, (*greedy[:3], first, second))) == 5
    wait_until(lambda: api.get("/readyz").is_success, "there is room again", SECONDS)
    counts = api.json("/readyz")["parts"]["connections"]["counters"]
    assert counts["connections_closed"] == 6
    (line,) = caplog.messages
    assert line == (
        "All 6 connections are in use. To make room for new clients, the server closes "
        "connections of the address or IPv6 network that has the most. Connections closed so "
        "far: 1."
    )
