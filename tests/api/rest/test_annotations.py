"""Annotations over REST, the bus and the WebSocket."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.streams import receive
from tests.services.embedded import Listener
from tests.services.processes import wait_until

PATH = "/api/v1/system/annotations"
CHANNEL = "system/annotations"


def event(
    identity: str,
    age: int = 0,
    host: str | None = None,
    text: str = "epoch",
    run: str | None = None,
) -> Event:
    values = {"text": text, "tags": ["x"], "run": run}
    return Event(CHANNEL, identity, unix_milliseconds() - age, host, values)


def listed(api: RunningApi, **parameters: object) -> list[str]:
    answer: Any = api.get(PATH, **parameters).json()
    return [each["id"] for each in answer["annotations"]]


def post(api: RunningApi, body: object) -> httpx.Response:
    return api.client.post(PATH, json=body)


def publish(api: RunningApi, payload: bytes, *, retain: bool = False) -> None:
    topic = api.settings.topics.topic("alpha", CHANNEL)
    api.bus.publish(Publication(topic, payload, retain=retain))


def test_annotations_are_read_from_the_history_oldest_first(api: RunningApi) -> None:
    api.writer.write([event("b", 1000), event("a", 3_000_000), event("c", 10)])
    assert listed(api) == ["a", "b", "c"]
    assert listed(api, start="-5s") == ["b", "c"]
    assert listed(api, start="-2h", end="-5s") == ["a"]
    assert listed(api, limit=1) == ["c"]
    entry = api.json(PATH)["annotations"][0]
    assert entry.keys() == {"id", "timestamp", "host", "text", "tags", "run"}


def test_annotations_outlive_the_retention_of_samples(api: RunningApi) -> None:
    api.writer.write([event("old", 5 * 86_400_000)])
    assert listed(api) == ["old"]


def test_a_host_gets_its_own_annotations_and_those_of_all_hosts(api: RunningApi) -> None:
    api.writer.write([event("a", 3, "alpha"), event("b", 2), event("c", 1, "beta")])
    assert listed(api, host="alpha") == ["a", "b"]
    assert listed(api) == ["a", "b", "c"]


def test_a_run_gets_its_own_annotations_only(api: RunningApi) -> None:
    events = [event("a", 3), event("b", 2, "alpha", run="r"), event("c", 1, run="R")]
    api.writer.write(events)
    assert listed(api, run="r") == ["b"]
    assert listed(api, run="r", host="beta") == []
    assert listed(api, run="r' OR 1=1 --") == []


def test_a_posted_annotation_is_published_and_returned_with_id_and_time(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with (
        Listener(shared_bus.address.port) as listener,
        running_api(shared_bus, tmp_path, topic_prefix="plain") as api,
    ):
        before = unix_milliseconds()
        answer = post(api, {"text": "epoch 3", "tags": ["train"], "run": "r"})
        assert answer.status_code == 201
        entry = answer.json()
        assert before <= entry["timestamp"] <= unix_milliseconds()
        listener.wait_for("plain/system/annotations")
        (message,) = [each for each in listener.received if each.topic.endswith(CHANNEL)]
        assert not message.retained
        decoded = httpx.Response(200, content=message.payload).json()
    assert decoded == entry
    assert entry["text"] == "epoch 3"
    assert (entry["tags"], entry["run"], entry["host"]) == (["train"], "r", None)


@pytest.mark.parametrize("age", [8 * 86_400_000, -2 * 3_600_000], ids=["old", "future"])
def test_a_time_that_the_history_would_not_keep_is_rejected(
    shared_api: RunningApi, age: int
) -> None:
    answer = post(shared_api, {"text": "x", "timestamp": unix_milliseconds() - age})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("timestamp=")


def test_after_a_restart_of_the_broker_an_annotation_is_accepted_only_once_the_ingester_is_back(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live, "_connected_at", time.monotonic())
    monkeypatch.setattr(vars(api.live)["_bus"], "connections", 2)
    assert post(api, {"text": "x"}).status_code == 503
    monkeypatch.setattr(api.live, "_connected_at", time.monotonic() - 3)
    assert post(api, {"text": "x"}).status_code == 201


def test_a_body_that_does_not_arrive_in_time_is_rejected(
    shared_api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bodies._SECONDS", 0.1)
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    with shared_api.socket(head.encode() + b"{") as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408")


def test_a_client_that_disconnects_during_its_body_is_not_an_error(
    shared_api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    with shared_api.socket(head.encode() + b"{"):
        pass
    assert shared_api.get("/healthz").status_code == 200
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_a_given_id_timestamp_and_host_are_kept(api: RunningApi) -> None:
    body = {"text": "x", "id": "mine", "timestamp": unix_milliseconds() - 60_000, "host": "beta"}
    assert post(api, body).json() == {**body, "tags": [], "run": None}


def test_with_a_topic_per_host_an_annotation_without_a_host_concerns_this_one(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, topic_prefix="per-host/{host}") as api:
        assert post(api, {"text": "x"}).json()["host"] == "alpha"
        assert post(api, {"text": "x", "host": "beta"}).json()["host"] == "beta"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "text is required."),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "x", "tags": ["t"] * 17}, "tags"),
        ({"text": "x", "tag": "t"}, "tag is not a known field."),
        ({"text": "x", "host": "a/b"}, "host"),
        ({"text": "x", "timestamp": "soon"}, "timestamp"),
        ([], "The body must be a JSON object."),
    ],
    ids=range(9),
)
def test_an_invalid_body_gets_one_sentence_that_names_the_field(
    shared_api: RunningApi, body: object, named: str
) -> None:
    answer = post(shared_api, body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "wrong_parameter"
    assert error["message"].startswith(named)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"], ids=range(3))
def test_a_body_that_is_not_json_is_refused(shared_api: RunningApi, body: bytes) -> None:
    answer = shared_api.client.post(PATH, content=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "The body is not valid JSON."


def test_a_body_beyond_the_limit_is_refused(shared_api: RunningApi) -> None:
    answer = shared_api.client.post(PATH, content=b" " * 20_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_annotations_beyond_the_rate_limit_are_refused_with_retry_after(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.app.EVENT_BURST", 2)
    with running_api(shared_bus, tmp_path) as api:
        answers = [post(api, {"text": "x"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].json()["error"]["code"] == "too_many_events"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 5


def test_a_read_only_api_refuses_annotations_and_still_lists_them(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, http_read_only=True) as api:
        answer = post(api, {"text": "x"})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "read_only"
        assert listed(api) == []


def test_a_token_is_required_if_one_is_set(shared_bus: BusConnection, tmp_path: Path) -> None:
    with running_api(shared_bus, tmp_path, http_token="x" * 32) as api:
        assert post(api, {"text": "x"}).status_code == 401
        bearer = {"Authorization": f"Bearer {'x' * 32}"}
        assert api.client.post(PATH, json={"text": "x"}, headers=bearer).status_code == 201


def test_a_page_of_another_origin_cannot_write(shared_api: RunningApi) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    answer = shared_api.client.post(PATH, content=b'{"text":"x"}', headers=origin)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"


def test_without_a_broker_an_annotation_is_refused(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, connected=False, mqtt_port=1) as api:
        answer = post(api, {"text": "x"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "broker_unavailable"


def test_an_event_is_streamed_to_websocket_clients_but_not_kept_as_a_newest_value(
    api: RunningApi,
) -> None:
    with api.stream("/api/v1/system/ws?channels=system/annotations") as stream:
        wait_until(lambda: api.live.hub.clients == 1, "it has joined", SECONDS)
        publish(api, event("a", text="now").payload())
        frame = receive(stream)
        assert (frame["channel"], frame["event"]) == (CHANNEL, "annotation")
        assert (frame["data"]["id"], frame["data"]["text"]) == ("a", "now")
    api.feed(cpu())
    with api.stream() as stream:
        assert receive(stream)["channel"] == "system/cpu"  # past events are not sent
    assert set(api.live.newest.hosts) == {"alpha"}


def test_a_client_of_one_host_also_receives_events_that_concern_all_hosts(api: RunningApi) -> None:
    with api.stream("/api/v1/system/ws?host=alpha") as stream:
        wait_until(lambda: api.live.hub.clients == 1, "it has joined", SECONDS)
        publish(api, event("another", host="beta").payload())
        publish(api, event("every").payload())
        publish(api, event("own", host="alpha").payload())
        assert [receive(stream)["data"]["id"] for _ in range(2)] == ["every", "own"]


def test_a_retained_event_is_rejected(shared_bus: BusConnection, tmp_path: Path) -> None:
    shared_bus.publish(Publication("kept/system/annotations", event("a").payload(), retain=True))
    with running_api(shared_bus, tmp_path, topic_prefix="kept") as api:
        wait_until(lambda: api.live.malformed == {"retained event": 1}, "it is counted", SECONDS)
    shared_bus.publish(Publication("kept/system/annotations", b"", retain=True))
