"""HEAD, and what a request with a wrong method is answered."""

import pytest

from tests.api.running import RunningApi
from tests.api.streams import WS

SYSTEM = "/api/v1/system"


def raw_answer(api: RunningApi, method: str, path: str) -> tuple[list[bytes], bytes]:
    """Return the lines of the head, without the date, and the body."""
    request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = api.raw(request.encode()).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    return [each for each in lines if not each.lower().startswith(b"date:")], body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/icon.svg",
        "/healthz",
        "/session",
        "/api/v1/openapi.json",
        f"{SYSTEM}/annotations",
        f"{SYSTEM}/hosts",
        f"{SYSTEM}/history?channel=system/fan",
        "/nowhere",
        WS,
    ],
)
def test_head_is_answered_with_the_headers_of_get_and_no_body(
    shared_api: RunningApi, path: str
) -> None:
    expected, content = raw_answer(shared_api, "GET", path)
    lines, body = raw_answer(shared_api, "HEAD", path)
    assert lines == expected
    assert f"content-length: {len(content)}".encode() in lines
    assert body == b""


@pytest.mark.parametrize("path", [f"{SYSTEM}/metrics", f"{SYSTEM}/gpu", "/readyz", "/metrics"])
def test_head_is_answered_where_the_body_changes_with_time(
    shared_api: RunningApi, path: str
) -> None:
    answer = shared_api.client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_a_connection_is_kept_after_a_response_to_head(shared_api: RunningApi) -> None:
    with shared_api.socket() as connection:
        for _ in range(3):
            connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_answered_with_all_methods_of_the_path(
    shared_api: RunningApi, method: str
) -> None:
    answer = shared_api.client.request(method, f"{SYSTEM}/annotations")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["error"] == {
        "code": "method_not_allowed",
        "message": f"{method} is not allowed here; use GET, HEAD or POST.",
    }


def test_a_response_is_sent_in_one_piece(shared_api: RunningApi) -> None:
    """A client that waits for the whole response wakes only once."""
    with shared_api.socket() as connection:
        for _ in range(10):
            connection.sendall(b"GET /session HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65_536).endswith(b'\r\n\r\n{"logged_in":false}')
