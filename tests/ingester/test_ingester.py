import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE
from telemetry.bus.topics import TopicScheme
from telemetry.history.port import HistoryWriter, Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.limits import Limits
from telemetry.samples import late
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

HOUR = 3_600_000
NOW = 1_800_000_000_000
PLAIN = TopicScheme()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@contextmanager
def ingesting(
    file: Path,
    address: BrokerAddress,
    name: str = "one",
    group: str | None = None,
    history: HistoryWriter | None = None,
    topics: TopicScheme = PLAIN,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Iterator[Ingester]:
    writer = history or SqliteWriter(file, Spans(HOUR), clock=lambda: NOW)
    ingester = Ingester(writer, address, topics, name=name, group=group, limits=limits)
    ingester.start()
    try:
        assert ingester.wait_subscribed(5)
        yield ingester
    finally:
        ingester.stop()


def payload(number: int, host: str = "me") -> str:
    return json.dumps(
        {"host": host, "timestamp": NOW - HOUR // 2 + number, "utilization": 1, "per_core": []}
    )


def stored(file: Path) -> list[int]:
    """Return the numbers of the samples in the history."""
    reader = SqliteReader(file, Spans(HOUR), clock=lambda: NOW)
    with closing(reader):
        reader.open()
        query = Query("me", ("system/cpu",), NOW - HOUR, NOW, max_points=100_000)
        columns = reader.read(query).get("system/cpu")
    start = NOW - HOUR // 2
    return [time - start for time in columns.timestamps] if columns else []


def wait_stored(file: Path, numbers: list[int]) -> None:
    wait_until(lambda: stored(file) == numbers, f"{len(numbers)} samples are stored", 10)


def test_samples_reach_the_history(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for number in range(20):
            client.publish("system/cpu", payload(number))
        wait_stored(file, list(range(20)))
        assert ingester.malformed == {}


def test_a_sample_that_arrives_twice_is_stored_once(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address):
        for number in (1, 2, 2, 1, 3):
            client.publish("system/cpu", payload(number))
        wait_stored(file, [1, 2, 3])


def test_a_late_sample_is_stored_like_any_other(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address):
        client.publish("system/cpu", payload(2))
        client.publish("system/cpu", late(payload(1).encode()))
        wait_stored(file, [1, 2])


def test_an_invalid_message_is_counted_by_reason_and_blocks_nothing(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for text in ("no json", "[]", '{"host": "me"}', "\x00", '{"host": 1}'):
            client.publish("system/cpu", text)
        client.publish("system/gpu/toaster", payload(1))
        client.publish("system/cpu", payload(2))
        wait_stored(file, [2])
        wait_until(
            lambda: ingester.malformed == {"not a sample": 5, "unknown channel": 1}, "all counted"
        )


@pytest.mark.parametrize("group", [None, "group"])
def test_a_session_of_an_earlier_version_loses_its_subscription_to_everything(
    file: Path, mosquitto: Mosquitto, group: str | None
) -> None:
    address, topics = BrokerAddress("127.0.0.1", mosquitto.port), TopicScheme(f"earlier-{group}")
    earlier = BusConnection(address, topics.client_id("ingester", "one"), keep_session=True)
    everything = f"$share/{group}/{topics.everything()}" if group else topics.everything()
    earlier.on_connected = lambda: earlier.subscribe(everything, AT_LEAST_ONCE)
    earlier.start()
    assert earlier.wait_subscribed(10)
    earlier.stop()
    with (
        Listener(address.port) as client,
        ingesting(file, address, group=group, topics=topics) as ingester,
    ):
        client.publish(topics.topic("me", "system/junk"), "no sample")
        client.publish(topics.topic("me", "system/cpu"), payload(1))
        wait_stored(file, [1])
        assert ingester.malformed == {}


def test_topics_without_a_history_are_not_subscribed_to(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for topic in ("system/junk", "system/status", "system/gpu/0/processes"):
            client.publish(topic, "no sample")
        client.publish("system/cpu", payload(1))
        wait_stored(file, [1])
        assert ingester.malformed == {}


def test_an_empty_payload_is_neither_a_sample_nor_a_fault(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for channel in ("system/cpu", "system/status", "system/annotations", "system/toaster"):
            client.publish(channel, "", retain=True)
        client.publish("system/cpu", payload(1))
        wait_stored(file, [1])
        assert ingester.malformed == {}


def test_a_status_is_neither_a_sample_nor_a_fault(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        client.publish("system/status", '{"host": "me", "state": "online"}')
        client.publish("system/cpu", payload(1))
        wait_stored(file, [1])
        assert ingester.malformed == {}


def test_an_invalid_message_does_not_disturb_the_order_of_acknowledgements(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for number in range(10):
            client.publish("system/cpu", payload(number))
            client.publish("system/status", '{"host": "me", "state": "online"}')
            client.publish("system/cpu", "no json")
        wait_stored(file, list(range(10)))
        assert ingester.connections == 1


def test_stopping_writes_what_has_arrived(file: Path, address: BrokerAddress) -> None:
    with Listener(address.port) as client, ingesting(file, address) as ingester:
        for number in range(5):
            client.publish("system/cpu", payload(number))
        wait_until(lambda: len(client.on("system/cpu")) == 5, "the broker has delivered")
        wait_until(lambda: ingester.received == 5, "the ingester has them")
    assert stored(file) == list(range(5))


def test_what_arrives_while_the_ingester_is_offline_is_delivered_on_its_return(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client:
        with ingesting(file, address):
            client.publish("system/cpu", payload(0))
            wait_stored(file, [0])
        for number in range(1, 300):
            client.publish("system/cpu", payload(number))
        with ingesting(file, address):
            wait_stored(file, list(range(300)))


def test_while_the_store_is_locked_samples_wait_and_nothing_is_acknowledged(
    file: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client:
        with ingesting(file, address) as ingester:
            client.publish("system/cpu", payload(0))
            wait_stored(file, [0])
            with closing(sqlite3.connect(file, isolation_level=None)) as lock:
                lock.execute("BEGIN EXCLUSIVE")
                for number in range(1, 50):
                    client.publish("system/cpu", payload(number))
                wait_until(lambda: ingester.received == 50, "the ingester has them")
                assert ingester.written == 1
                ingester.stop()  # before the batch is written: the broker still has it
                lock.execute("ROLLBACK")
        with ingesting(file, address):
            wait_stored(file, list(range(50)))


def test_ingesters_of_one_group_share_the_samples(file: Path, address: BrokerAddress) -> None:
    with (
        Listener(address.port) as client,
        ingesting(file, address, "one", "team") as one,
        ingesting(file, address, "two", "team") as two,
    ):
        for number in range(60):
            client.publish("system/cpu", payload(number))
        wait_stored(file, list(range(60)))
        wait_until(lambda: one.received + two.received == 60, "each sample went to one of them")
        assert one.received > 10
        assert two.received > 10


def test_a_broker_that_is_killed_and_comes_back_is_subscribed_to_again(
    file: Path, broker: EmbeddedBroker, address: BrokerAddress
) -> None:
    with ingesting(file, address) as ingester:
        assert broker.process_id is not None
        os.kill(broker.process_id, signal.SIGKILL)
        wait_until(lambda: broker.restarts == 1 and ingester.connections == 2, "it is back")
        assert ingester.wait_subscribed(5)
        with Listener(address.port) as client:
            client.publish("system/cpu", payload(7))
            wait_stored(file, [7])


def test_retired_hosts_and_wrong_clocks_do_not_take_the_place_of_a_live_host(
    file: Path, address: BrokerAddress
) -> None:
    fleet, limits = TopicScheme("fleet/{host}"), Limits(hosts=3)
    with Listener(address.port) as client:
        for number in range(limits.hosts + 2):
            topic = fleet.topic(f"retired-{number}", "system/cpu")
            client.publish(topic, payload(number, f"retired-{number}"), retain=True)
        with ingesting(file, address, topics=fleet, limits=limits) as ingester:
            for number in range(limits.hosts):
                client.publish(
                    fleet.topic(f"ahead-{number}", "system/cpu"),
                    payload(3 * HOUR, f"ahead-{number}"),
                )
            client.publish(fleet.topic("me", "system/cpu"), payload(7))
            wait_stored(file, [7])
            assert ingester.malformed == {"too many hosts": 2}
            outside = {each.name: each.value for each in ingester.report().counts}
            assert outside["samples_outside_window"] == limits.hosts
