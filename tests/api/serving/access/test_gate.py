"""What does not need the token, and how to send it."""

import base64
import json
from typing import Any

import pytest

from tests.api.running import SECONDS, RunningApi
from tests.api.serving.access.conftest import TOKEN
from tests.api.serving.test_security import assert_protected
from tests.api.streams import WS, refusal_of

METRICS = "/api/v1/system/metrics"
CHALLENGE = 'Bearer realm="System Monitor"'
PROTECTED = [
    METRICS,
    "/api/v1/system/gpu",
    "/api/v1/system/history",
    "/api/v1/system/hosts",
    "/api/v1/openapi.json",
    "/assets/index.js",
    "/nowhere",
    WS,
]
WRONG = ["x", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "é", "\x80"]


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def protocols(token: str = TOKEN) -> list[str]:
    encoded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return ["system-monitor", f"bearer.{encoded}"]


def assert_first_frame(stream: Any) -> None:
    assert json.loads(stream.recv(timeout=SECONDS))["channel"] == "system/cpu"


@pytest.mark.parametrize("path", PROTECTED)
def test_without_the_token_everything_is_rejected_with_how_to_authorize(
    guarded: RunningApi, path: str
) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == CHALLENGE
    assert answer.json()["error"]["code"] == "unauthorized"
    assert "Authorization: Bearer" in answer.json()["error"]["message"]
    assert_protected(answer.headers)


@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_the_page_redirects_to_the_log_in_page_relative_to_itself(
    guarded: RunningApi, path: str
) -> None:
    answer = guarded.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "./login")
    assert_protected(answer.headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_rest_accepts_the_token(guarded: RunningApi, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    for path, status in ((METRICS, 200), ("/", 200), ("/nowhere", 404), (WS, 426)):
        assert guarded.client.get(path, headers=headers).status_code == status


@pytest.mark.parametrize("token", WRONG)
def test_rest_rejects_a_wrong_token(guarded: RunningApi, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    for path in (METRICS, "/"):
        answer = guarded.client.request("GET", path, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_token"'
        assert answer.json()["error"]["message"] == "Invalid token."


@pytest.mark.parametrize(
    "value", [f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer{TOKEN}", f"Token {TOKEN}"]
)
def test_other_schemes_are_rejected(guarded: RunningApi, value: str) -> None:
    assert guarded.client.get(METRICS, headers={"Authorization": value}).status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
def test_a_token_in_the_url_is_ignored(guarded: RunningApi, name: str) -> None:
    assert guarded.get(METRICS, **{name: TOKEN}).status_code == 401
    code, _, _ = refusal_of(guarded, f"{WS}?{name}={TOKEN}")
    assert code == 401


def test_the_stream_accepts_the_token_as_header_or_subprotocol(guarded: RunningApi) -> None:
    with guarded.stream(WS, additional_headers=bearer()) as stream:
        assert stream.subprotocol is None
        assert_first_frame(stream)
    with guarded.stream(WS, subprotocols=protocols()) as stream:
        assert stream.subprotocol == "system-monitor"
        assert_first_frame(stream)


def test_the_stream_rejects_a_missing_or_wrong_token(guarded: RunningApi) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"additional_headers": bearer("x")},
        {"subprotocols": ["system-monitor"]},
        {"subprotocols": protocols("x")},
        {"subprotocols": ["system-monitor", f"bearer.{TOKEN[:8]}"]},
        {"subprotocols": ["system-monitor", "bearer."]},
        {"subprotocols": ["system-monitor", "bearer.!"]},
        {"additional_headers": {"Cookie": "a=b; ="}},
    ]
    for options in wrong:
        for path in (WS, f"{WS}/system/cpu", "/nowhere", "/"):
            code, error, headers = refusal_of(guarded, path, **options)
            assert (code, error["code"]) == (401, "unauthorized")
            assert headers["www-authenticate"].startswith(CHALLENGE)
            assert_protected(headers)


def test_health_checks_need_no_token_and_get_no_details_without_it(
    guarded: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guarded.json("/healthz") == {"status": "ok"}
    assert guarded.json("/readyz") == {"status": "ready"}
    monkeypatch.setattr(type(guarded.live), "outage", "mqtt://127.0.0.1 is down.")
    status, code, message = guarded.error("/readyz")
    assert (status, code) == (503, "not_ready")
    assert message == "Not ready. Send the token to see the reason."
    for headers in (bearer("x"), {}):
        assert guarded.client.get("/readyz", headers=headers).json()["error"]["message"] == message
    detailed = guarded.client.get("/readyz", headers=bearer())
    assert detailed.status_code == 503
    assert "mqtt://127.0.0.1" in detailed.json()["error"]["message"]
    assert refusal_of(guarded, "/readyz")[0] == 401


def test_a_page_of_another_origin_is_rejected_even_with_the_token(
    guarded: RunningApi,
) -> None:
    headers = {**bearer(), "Origin": "http://evil.example"}
    assert guarded.client.get(METRICS, headers=headers).status_code == 403
    code, _, _ = refusal_of(guarded, WS, origin="http://evil.example", subprotocols=protocols())
    assert code == 403


def test_the_openapi_document_declares_the_token(
    guarded: RunningApi, shared_api: RunningApi
) -> None:
    document = guarded.client.get("/api/v1/openapi.json", headers=bearer()).json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert {} in shared_api.json("/api/v1/openapi.json")["security"]
