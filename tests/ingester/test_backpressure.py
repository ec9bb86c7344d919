"""The ingester holds a bounded number of messages, whatever the broker sends."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_LEAST_ONCE, AT_MOST_ONCE
from tests.ingester.test_ingester import HOUR, NOW, ingesting, wait_stored
from tests.services.processes import wait_until

CAPACITY = 50  # messages of this file
BYTES = 2000


@pytest.fixture(params=["broker", "own_mosquitto"])
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", request.getfixturevalue(request.param).port)


@pytest.fixture(autouse=True)
def _small_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.batcher._CAPACITY_BYTES", CAPACITY * (BYTES + 1024))


@contextmanager
def publisher(address: BrokerAddress) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: Client, numbers: range, quality: int) -> None:
    start = NOW - HOUR // 2
    for number in numbers:
        values = {"host": "me", "timestamp": start + number, "utilization": 1, "per_core": []}
        payload = json.dumps(values).ljust(BYTES)
        client.publish("system/cpu", payload, quality).wait_for_publish(10)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep the history from being written."""
    with closing(sqlite3.connect(file, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
        lock.execute("ROLLBACK")


@pytest.mark.parametrize("quality", [AT_MOST_ONCE, AT_LEAST_ONCE])
def test_messages_beyond_the_capacity_are_not_read_while_the_store_is_unavailable(
    tmp_path: Path, address: BrokerAddress, quality: int
) -> None:
    file = tmp_path / "history.sqlite3"
    with publisher(address) as client, ingesting(file, address) as ingester:
        publish(client, range(1), AT_LEAST_ONCE)
        wait_stored(file, [0])
        with locked(file):
            publish(client, range(1, 4 * CAPACITY), quality)
            wait_until(lambda: ingester.waiting >= CAPACITY, "the capacity is used up", 10)
            publish(client, range(4 * CAPACITY, 5 * CAPACITY), AT_LEAST_ONCE)
            assert ingester.waiting <= CAPACITY + 1
        wait_stored(file, list(range(5 * CAPACITY)))
        wait_until(lambda: ingester.waiting == 0, "all are acknowledged")


def test_a_full_ingester_stops_at_once_and_the_broker_keeps_what_it_had(
    tmp_path: Path, address: BrokerAddress
) -> None:
    file = tmp_path / "history.sqlite3"
    with publisher(address) as client:
        with ingesting(file, address) as ingester:
            publish(client, range(1), AT_LEAST_ONCE)
            wait_stored(file, [0])
            with locked(file):
                publish(client, range(1, 4 * CAPACITY), AT_LEAST_ONCE)
                wait_until(lambda: ingester.waiting >= CAPACITY, "the capacity is used up", 10)
                began = time.monotonic()
                ingester.stop()
                assert time.monotonic() - began < 2
        with ingesting(file, address):
            wait_stored(file, list(range(4 * CAPACITY)))


@pytest.mark.soak
def test_a_store_that_is_unavailable_for_longer_than_the_keepalive_loses_nothing(
    tmp_path: Path, address: BrokerAddress
) -> None:
    file = tmp_path / "history.sqlite3"
    with publisher(address) as client, ingesting(file, address) as ingester:
        publish(client, range(1), AT_LEAST_ONCE)
        wait_stored(file, [0])
        with locked(file):
            publish(client, range(1, 4 * CAPACITY), AT_LEAST_ONCE)
            time.sleep(35)
            assert ingester.waiting <= CAPACITY + 1
        wait_stored(file, list(range(4 * CAPACITY)))
        assert ingester.connections == 2
