"""Pages and proxies that http_allowed_origins allows."""

import json
from collections.abc import Iterator

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.settings.loading import load_settings
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.serving.access.conftest import TOKEN
from tests.api.serving.access.test_gate import METRICS, bearer, protocols
from tests.api.streams import WS, refusal_of

PAGE = "http://grafana.example:3000"
PROXY = "https://monitor.example"


@pytest.fixture(scope="module")
def api(
    shared_bus: BusConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    origins = f" {PAGE}, {PROXY.upper()}:443"
    folder = tmp_path_factory.mktemp("origins")
    with running_api(shared_bus, folder, http_token=TOKEN, http_allowed_origins=origins) as running:
        running.feed(cpu())
        yield running


def test_a_list_in_the_file_and_a_text_with_commas_are_equivalent() -> None:
    settings = [load_settings({"http_allowed_origins": each}) for each in ([PAGE], PAGE)]
    assert [each.http_allowed_origins for each in settings] == [(PAGE,), (PAGE,)]


@pytest.mark.parametrize("origin", [PAGE, PROXY])
def test_an_allowed_page_may_read_with_the_token(api: RunningApi, origin: str) -> None:
    for headers, status in ((bearer(), 200), ({}, 401)):
        answer = api.client.get(METRICS, headers={**headers, "Origin": origin})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", [PAGE, PROXY])
def test_a_preflight_request_needs_no_token(api: RunningApi, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    headers = {**asked, "Access-Control-Request-Headers": "authorization"}
    answer = api.client.options(METRICS, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert answer.headers["access-control-allow-methods"] == "GET"
    refused = api.client.options(
        METRICS, headers={**headers, "Access-Control-Request-Method": "DELETE"}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize(
    "origin",
    [
        "http://grafana.example",
        "https://grafana.example:3000",
        "http://monitor.example",
        "https://monitor.example.evil",
        "https://evil.monitor.example",
        "null",
        "",
    ],
)
def test_every_other_page_is_rejected_and_cannot_read_the_response(
    api: RunningApi, origin: str
) -> None:
    headers = {**bearer(), "Origin": origin, "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = api.client.request(method, METRICS, headers=headers)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert refusal_of(api, WS, origin=origin, subprotocols=protocols())[0] == 403


def test_a_script_of_an_allowed_page_may_open_the_stream_with_the_token(api: RunningApi) -> None:
    with api.stream(WS, origin=PAGE, subprotocols=protocols()) as stream:
        assert json.loads(stream.recv(timeout=SECONDS))["channel"] == "system/cpu"
    assert refusal_of(api, WS, origin=PAGE)[0] == 401


@pytest.mark.parametrize("host", ["monitor.example", "MONITOR.example:443"])
def test_a_proxy_may_use_its_own_name_as_host(api: RunningApi, host: str) -> None:
    assert api.client.get(METRICS, headers={**bearer(), "Host": host}).status_code == 200
    foreign = {**bearer(), "Host": f"not-{host}"}
    assert api.client.get(METRICS, headers=foreign).status_code == 421


@pytest.mark.parametrize("host", ["monitor.example", "127.0.0.1:8000"])
def test_logging_in_through_a_tls_proxy_works_whatever_host_it_sends(
    api: RunningApi, host: str
) -> None:
    headers = {"Origin": PROXY, "Host": host}
    answer = api.client.post("/login", data={"token": TOKEN}, headers=headers)
    api.client.cookies.clear()
    assert answer.status_code == 303
    assert "Secure" in answer.headers["set-cookie"]
