import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serving.access import WrongTokens
from telemetry.bus.connection import BusConnection
from tests.api.running import RunningApi, running_api
from tests.api.serving.access.conftest import TOKEN
from tests.api.serving.access.test_gate import METRICS, bearer, protocols
from tests.api.streams import WS, refusal_of

WRONG = "a-wrong-token-of-somebody"


@pytest.fixture
def api(shared_bus: BusConnection, tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(shared_bus, tmp_path, http_token=TOKEN) as running:
        yield running


def test_each_wrong_token_is_counted_wherever_it_is_sent(api: RunningApi) -> None:
    for path in (METRICS, "/", "/readyz"):
        api.client.get(path, headers=bearer(WRONG))
    api.client.post("/login", data={"token": WRONG})
    refusal_of(api, WS, subprotocols=protocols(WRONG))
    api.get(METRICS)  # a missing token is not a wrong one
    api.client.get(METRICS, headers=bearer())
    parts = api.client.get("/readyz", headers=bearer()).json()["parts"]
    assert parts["access"]["counters"] == {"wrong_tokens": 5}
    exposed = api.client.get("/metrics", headers=bearer()).text
    assert "system_monitor_access_wrong_tokens_total 5.0" in exposed


def test_a_wrong_token_is_logged_with_its_address_and_without_the_token(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        assert api.client.get(METRICS, headers=bearer(WRONG)).status_code == 401
    assert caplog.messages == [
        "Wrong token from 127.0.0.1. Requests with a wrong token so far, from all addresses: 1."
    ]


def test_the_log_gives_the_newest_address_and_the_total_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    wrong_tokens = WrongTokens()
    for second in range(90):
        monkeypatch.setattr("time.monotonic", lambda now=second: 1000.0 + now)
        wrong_tokens.note(f"192.0.2.{second}")
    assert caplog.messages == [
        "Wrong token from 192.0.2.0. Requests with a wrong token so far, from all addresses: 1.",
        "Wrong token from 192.0.2.60. Requests with a wrong token so far, from all addresses: 61.",
    ]


def test_without_a_token_there_is_nothing_to_count(shared_api: RunningApi) -> None:
    assert "access" not in shared_api.json("/readyz")["parts"]
