"""Responses that are compressed, and those that are not."""

import asyncio
import gzip
import json

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp

from api.serving.compression import Compression, accepts_gzip
from tests.api.running import SECONDS, RunningApi
from tests.api.streams import WS

OPENAPI = "/api/v1/openapi.json"
METRICS = "/api/v1/system/metrics"
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def script(shared_api: RunningApi) -> str:
    """Return the path of the dashboard's script, a static file of 150 kB."""
    return "/assets/" + shared_api.get("/").text.partition("./assets/")[2].partition('"')[0]


def ask(app: ASGIApp, headers: dict[str, str]) -> httpx.Response:
    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/", headers=headers)

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("identity", False),
        ("x-gzip-like", False),
        ("", False),
    ],
)
def test_a_client_accepts_gzip_unless_its_weight_is_zero(header: str, accepted: bool) -> None:  # noqa: FBT001 - a table's column
    assert accepts_gzip(Headers({"accept-encoding": header})) is accepted


def test_a_large_response_is_compressed_for_clients_that_accept_gzip(
    shared_api: RunningApi,
) -> None:
    plain = shared_api.client.get(OPENAPI, headers=PLAIN)
    with shared_api.client.stream("GET", OPENAPI, headers=GZIP) as packed:
        body = b"".join(packed.iter_raw())
    assert gzip.decompress(body) == plain.content
    assert int(packed.headers["content-length"]) == len(body) < len(plain.content) / 4
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


def test_a_client_that_refuses_gzip_gets_none(shared_api: RunningApi) -> None:
    for header in ({"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": ""}):
        answer = shared_api.client.get(OPENAPI, headers=header)
        assert "content-encoding" not in answer.headers
        assert answer.headers["vary"] == "Accept-Encoding"


def test_a_small_response_is_not_compressed(shared_api: RunningApi) -> None:
    for path in ("/healthz", "/icon.svg", "/nowhere"):
        assert "content-encoding" not in shared_api.client.get(path, headers=GZIP).headers


def test_head_has_the_headers_of_the_compressed_response(shared_api: RunningApi) -> None:
    expected = shared_api.client.get(OPENAPI, headers=GZIP).headers
    answer = shared_api.client.head(OPENAPI, headers=GZIP)
    assert answer.content == b""
    for name in ("content-encoding", "content-length", "vary"):
        assert answer.headers[name] == expected[name]


@pytest.mark.parametrize("path", [OPENAPI, METRICS, "/metrics", "/healthz", "/icon.svg", "/"])
def test_a_response_names_once_that_it_varies_with_the_accepted_encodings(
    shared_api: RunningApi, path: str
) -> None:
    for encoding in (GZIP, PLAIN):
        assert shared_api.client.get(path, headers=encoding).headers["vary"] == "Accept-Encoding"


def test_a_static_file_is_compressed_and_found_unchanged_by_either_tag(
    shared_api: RunningApi, script: str
) -> None:
    plain = shared_api.client.get(script, headers=PLAIN)
    packed = shared_api.client.get(script, headers=GZIP)
    assert packed.content == plain.content
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    for answer in (plain, packed):
        for encoding in (GZIP, PLAIN):
            known = {"If-None-Match": answer.headers["etag"], **encoding}
            unchanged = shared_api.client.get(script, headers=known)
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            assert unchanged.headers["vary"] == "Accept-Encoding"
            assert "content-encoding" not in unchanged.headers


def test_a_part_of_a_file_is_not_compressed_and_only_the_plain_file_can_be_resumed(
    shared_api: RunningApi, script: str
) -> None:
    plain = shared_api.client.get(script, headers=PLAIN)
    part = {"Range": "bytes=2000-4999", **GZIP}
    answer = shared_api.client.get(script, headers=part)
    assert (answer.status_code, answer.content) == (206, plain.content[2000:5000])
    assert "content-encoding" not in answer.headers
    packed = shared_api.client.get(script, headers=GZIP).headers["etag"]
    for tag, status in ((plain.headers["etag"], 206), (packed, 200)):
        resumed = shared_api.client.get(script, headers={**part, "If-Range": tag})
        assert resumed.status_code == status


@pytest.mark.parametrize(
    "headers",
    [{"Content-Encoding": "gzip"}, {"Content-Type": "image/png"}, {"Content-Type": "font/woff2"}],
)
def test_what_is_compressed_already_is_not_compressed_again(headers: dict[str, str]) -> None:
    body = gzip.compress(json.dumps([*range(5000)]).encode())
    app = Compression(Response(body, headers=headers))
    answer = ask(app, GZIP)
    assert int(answer.headers["content-length"]) == len(body)
    assert ask(Compression(Response(body)), GZIP).headers["content-encoding"] == "gzip"


def test_the_stream_is_not_compressed(shared_api: RunningApi) -> None:
    with shared_api.stream(f"{WS}/system/cpu", additional_headers=GZIP) as stream:
        assert json.loads(stream.recv(timeout=SECONDS))["channel"] == "system/cpu"


def test_head_of_a_compressed_file_has_no_body_and_keeps_the_connection(
    shared_api: RunningApi, script: str
) -> None:
    request = f"HEAD {script} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    with shared_api.socket() as connection:
        for _ in range(2):
            connection.sendall(request.encode())
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n")
            assert b"content-encoding: gzip" in answer
