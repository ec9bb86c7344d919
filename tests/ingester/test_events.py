"""Annotations from any MQTT client reach the history, within limits."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import ANNOTATION, FINDING, RUN, Family
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history.port import EventQuery
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from tests.ingester.test_ingester import HOUR, NOW, ingesting
from tests.services.embedded import Listener
from tests.services.processes import wait_until
from tests.states import finding, run

CHANNEL = "system/annotations"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def events(file: Path, family: Family = ANNOTATION) -> list[Event]:
    with closing(SqliteReader(file, Spans(HOUR), clock=lambda: NOW)) as reader:
        return reader.events(EventQuery(family, 0, NOW + HOUR))


def texts(file: Path) -> list[object]:
    return [each.values["text"] for each in events(file)]


def body(text: str, **more: object) -> str:
    return json.dumps({"text": text, "timestamp": NOW, **more})


def test_an_annotation_reaches_the_history_with_all_its_fields(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, ingesting(file, address):
        client.publish(CHANNEL, body("epoch 3", tags=["a", "b"], run="r", host="h", id="mine"))
        wait_until(lambda: texts(file) == ["epoch 3"], "it is stored")
    values = {"text": "epoch 3", "tags": ["a", "b"], "run": "r"}
    assert events(file) == [Event(CHANNEL, "mine", NOW, "h", values)]


def test_an_annotation_needs_no_more_than_a_text(file: Path, address: BrokerAddress) -> None:
    before = unix_milliseconds()
    writer, reader = SqliteWriter(file, Spans(HOUR)), SqliteReader(file, Spans(HOUR))
    query = EventQuery(ANNOTATION, before, before + HOUR)
    with (
        Listener(address.port) as client,
        ingesting(file, address, history=writer),
        closing(reader),
    ):
        client.publish(CHANNEL, '{"text": "here"}')
        wait_until(lambda: bool(reader.events(query)), "it is stored")
        (event,) = reader.events(query)
    assert before <= event.timestamp <= unix_milliseconds()
    assert event.values == {"text": "here", "tags": [], "run": None}
    assert event.host is None


def test_an_annotation_that_is_delivered_again_is_stored_once(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, ingesting(file, address):
        for _ in range(3):
            client.publish(CHANNEL, body("same"))
        client.publish(CHANNEL, body("other"))
        wait_until(lambda: "other" in texts(file), "all are stored")
    assert sorted(map(str, texts(file))) == ["other", "same"]


@pytest.mark.parametrize(
    "payload",
    [
        "no json",
        "{}",
        '{"text": ""}',
        '{"text": null}',
        '{"text": 5}',
        json.dumps({"text": "x" * 1001}),
        json.dumps({"text": "x", "tags": ["t"] * 17}),
        json.dumps({"text": "x", "host": "a/b"}),
        json.dumps({"text": "x", "id": "a b"}),
        json.dumps({"text": "x", "timestamp": "soon"}),
    ],
    ids=range(10),
)
def test_what_is_not_a_valid_annotation_is_counted_and_blocks_nothing(
    file: Path, address: BrokerAddress, payload: str
) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        client.publish(CHANNEL, payload)
        client.publish(CHANNEL, body("good"))
        wait_until(lambda: texts(file) == ["good"], "the next one is stored")
        assert ingester.malformed == {"not an event": 1}


def test_a_host_in_the_topic_that_is_not_a_valid_name_is_counted_and_blocks_nothing(
    file: Path, address: BrokerAddress
) -> None:
    scheme = TopicScheme("fleet/{host}")
    with (
        Listener(address.port) as client,
        ingesting(file, address, topics=scheme) as ingester,
    ):
        for host in ("l" * 257, "a\x01b"):
            client.publish(f"fleet/{host}/{CHANNEL}", body("bad"))
        client.publish(f"fleet/me/{CHANNEL}", body("good"))
        wait_until(lambda: texts(file) == ["good"], "the next one is stored")
        assert ingester.malformed == {"not an event": 2}
    assert events(file)[0].host == "me"


def test_an_annotation_beyond_the_size_limit_is_counted(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        client.publish(CHANNEL, " " * 8_193)
        wait_until(lambda: ingester.malformed == {"too large": 1}, "it is counted")


def test_annotations_beyond_the_rate_are_counted_and_samples_are_not_affected(
    file: Path, address: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingester.admission.EVENT_BURST", 3)
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for number in range(5):
            client.publish(CHANNEL, body(str(number)))
        wait_until(lambda: ingester.malformed == {"too many events": 2}, "the surplus is counted")
        wait_until(lambda: len(texts(file)) == 3, "the first are stored")


def test_a_retained_annotation_is_not_taken_for_a_new_one(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client:
        client.publish(CHANNEL, body("old"), retain=True)
        with ingesting(file, address) as ingester:
            client.publish(CHANNEL, body("new"))
            wait_until(lambda: texts(file) == ["new"], "the new one is stored")
            assert ingester.malformed == {"retained event": 1}


def test_a_state_is_stored_from_its_beginning_to_its_end(
    file: Path, address: BrokerAddress
) -> None:
    begun = run("r", NOW)
    changed, ended = run("r", NOW, gpus=["0", "1"]), run("r.end", NOW + 1, ended=NOW + 1)
    with Listener(address.port) as client:
        client.publish(begun.channel, begun.payload(), retain=True)
        with ingesting(file, address) as ingester:
            wait_until(lambda: events(file, RUN) == [begun], "what was retained is stored")
            client.publish(begun.channel, changed.payload(), retain=True)
            client.publish(begun.channel, ended.payload())
            client.publish(begun.channel, b"", retain=True)
            client.publish(CHANNEL, body("after"))
            wait_until(lambda: texts(file) == ["after"], "all have arrived")
            assert ingester.malformed == {}
    assert events(file, RUN) == [changed, ended]


def test_a_retained_state_that_began_before_the_history_is_skipped_and_not_counted(
    file: Path, address: BrokerAddress
) -> None:
    old = finding(timestamp=NOW - Spans(HOUR).events - 1)
    with Listener(address.port) as client:
        client.publish(old.channel, old.payload(), retain=True)
        with ingesting(file, address) as ingester:
            client.publish(CHANNEL, body("after"))
            wait_until(lambda: texts(file) == ["after"], "both have arrived")
            assert ingester.report().counts[3].value == 0
            assert ingester.malformed == {}
    assert events(file, FINDING) == []
