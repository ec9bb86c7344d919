"""Requests from other origins, and the headers of every response."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from telemetry.bus.connection import BusConnection
from tests.api.rest.test_health import BrokenHistory
from tests.api.running import SECONDS, RunningApi, running_api
from tests.api.streams import refusal_of

METRICS = "/api/v1/system/metrics"
WS = "/api/v1/system/ws"
HEADERS = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def assert_protected(headers: Any) -> None:
    assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert "server" not in headers


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "127.0.0.1:8000",
        "192.0.2.7:8000",
        "[::1]:8000",
        "[2001:db8::7]",
        "alpha",
        "ALPHA:80",
        socket.gethostname(),
    ],
)
def test_requests_to_an_address_or_name_of_this_machine_are_served(
    shared_api: RunningApi, host: str
) -> None:
    assert shared_api.client.get(METRICS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "localhost.rebound.example",
        "127.0.0.1.rebound.example",
        "rebound.example:8000",
        "user@localhost",
        "localhost/path",
        "localhost#part",
        "localhost:99999",
        "localhost:port",
        "[::1",
        "",
    ],
)
def test_a_foreign_host_is_rejected_over_http_and_websocket(
    shared_api: RunningApi, host: str
) -> None:
    answer = shared_api.client.get(METRICS, headers={"Host": host})
    assert answer.status_code == 421
    error = answer.json()["error"]
    assert error["code"] == "foreign_host"
    assert error["message"].startswith(f"Host '{host}' is not a name of this machine. Use its IP")
    assert_protected(answer.headers)
    opening = (
        f"GET {WS} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head, _, body = shared_api.raw(opening.encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 421 ")
    assert json.loads(body)["error"] == error


def test_a_request_without_a_host_is_rejected(shared_api: RunningApi) -> None:
    assert shared_api.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_a_page_of_this_server_may_send_requests_and_open_the_stream(
    shared_api: RunningApi,
) -> None:
    port = shared_api.server.port
    own = {"Origin": f"http://127.0.0.1:{port}"}
    assert shared_api.client.get(METRICS, headers=own).status_code == 200
    with shared_api.stream(WS, origin=f"http://127.0.0.1:{port}") as stream:
        assert json.loads(stream.recv(timeout=SECONDS))["data"]["host"] == "alpha"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}@evil.example",
        "http://127.0.0.1:{port}.evil.example",
        "file://",
        "null",
        "",
    ],
)
def test_requests_of_a_foreign_page_are_rejected(shared_api: RunningApi, origin: str) -> None:
    origin = origin.format(port=shared_api.server.port)
    code, error, headers = refusal_of(shared_api, WS, origin=origin)
    assert (code, error["code"]) == (403, "foreign_origin")
    assert error["message"].startswith(
        f"Pages of '{origin}' are not allowed to send requests to this server. "
    )
    assert_protected(headers)
    answer = shared_api.client.get(METRICS, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["error"]) == (403, error)
    assert_protected(answer.headers)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/icon.svg", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/session", 200),
        ("/metrics", 200),
        ("/api/v1/openapi.json", 200),
        (METRICS, 200),
        ("/api/v1/system/history", 200),
        ("/nowhere", 404),
        (f"{METRICS}?host=nobody", 404),
        ("/api/v1/system/history?max_points=0", 422),
        (WS, 426),
    ],
)
def test_every_response_has_the_protective_headers_and_no_other_origin_can_read_it(
    shared_api: RunningApi, path: str, status: int
) -> None:
    answer = shared_api.get(path)
    assert answer.status_code == status
    assert_protected(answer.headers)


def test_other_methods_are_rejected_in_the_same_shape(shared_api: RunningApi) -> None:
    for method in ("OPTIONS", "POST", "PUT", "DELETE"):
        for path in ("/", METRICS, "/login", "/nowhere"):
            answer = shared_api.client.request(method, path)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "GET, HEAD"
            assert answer.json()["error"] == {
                "code": "method_not_allowed",
                "message": f"{method} is not allowed here; use GET or HEAD.",
            }
            assert_protected(answer.headers)


def test_rejected_websockets_have_the_protective_headers(api: RunningApi) -> None:
    assert_protected(refusal_of(api, "/nowhere")[2])
    api.live.hub.max_clients = 0
    assert_protected(refusal_of(api, WS)[2])


def test_the_response_to_a_bug_has_the_protective_headers(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, reader=BrokenHistory()) as api:
        answer = api.get("/api/v1/system/history")
    assert answer.status_code == 500
    assert_protected(answer.headers)


def test_the_response_to_what_is_not_http_has_the_protective_headers(
    shared_api: RunningApi,
) -> None:
    head, _, _ = shared_api.raw(b"nonsense\r\n\r\n").partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert status == "HTTP/1.1 400 Bad Request"
    assert_protected(dict(line.split(": ", 1) for line in lines))


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py",
        "/%2e%2e/app.py",
        "/..%2fapp.py",
        "/%2e%2e%5capp.py",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/icon.svg%00",
        "/" + "a" * 5000,
        "/%ff",
    ],
)
def test_no_path_leads_out_of_the_pages_folder(shared_api: RunningApi, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = shared_api.raw(request.encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert json.loads(body)["error"]["code"] == "not_found"
    assert len(body) < 300
