"""What a subscriber sees of the past: after an outage, and after a restart of the broker."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from tests.collector.test_collector import collecting, decoded
from tests.fakes.sensors import CountingSensor
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto
from tests.services.processes import free_port, wait_until
from tests.services.relay import relay

CHANNEL = "system/cpu"


def numbers(messages: list[dict[str, Any]], *, late: bool) -> list[int]:
    return [each["utilization"] for each in messages if ("late" in each) is late]


def assert_the_past_is_marked(messages: list[dict[str, Any]]) -> None:
    """Assert that the present only moves forward, and that nothing is missing."""
    present, past = numbers(messages, late=False), numbers(messages, late=True)
    assert present == sorted(set(present))
    assert past == sorted(past)
    seen = sorted({*present, *past})
    assert seen == list(range(seen[0], seen[-1] + 1))


def test_after_an_outage_the_present_comes_first_and_the_past_is_late_and_in_order(
    broker: EmbeddedBroker,
) -> None:
    # The relay makes sure that the subscriber is there before the collector reaches the broker.
    port = free_port()
    with (
        collecting(BrokerAddress("127.0.0.1", port), CountingSensor()) as collector,
        Listener(broker.port, CHANNEL) as listener,
    ):
        wait_until(lambda: collector.status().waiting >= 5, "samples wait")
        with relay(port, broker.port):
            listener.wait_for(CHANNEL, 12)
            messages = decoded(listener.on(CHANNEL))
            collector.stop()
    assert_the_past_is_marked(messages)
    past = numbers(messages, late=True)
    assert past[0] == 1
    assert messages[0]["utilization"] == past[-1] + 1
    assert all(each["late"] is True for each in messages if "late" in each)


def test_samples_acknowledged_shortly_before_the_broker_crashed_are_sent_again_as_late(
    broker: EmbeddedBroker, address: BrokerAddress
) -> None:
    with Listener(address.port) as listener, collecting(address, CountingSensor()):
        before = numbers(decoded(listener.wait_for(CHANNEL, 5)), late=False)
        assert broker.process_id is not None
        os.kill(broker.process_id, signal.SIGKILL)
        wait_until(lambda: broker.restarts == 1, "the broker is back")
        listener.received.clear()
        after = decoded(listener.wait_for(CHANNEL, 30))
    assert_the_past_is_marked(after)
    assert numbers(after, late=True)[0] == before[0]
    assert numbers(after, late=False)[0] > before[-1]


def test_they_are_sent_again_after_an_outage_of_any_length(
    own_mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.bus.acknowledged._SECONDS", 0.5)
    sensor = CountingSensor()
    with collecting(BrokerAddress("127.0.0.1", own_mosquitto.port), sensor) as collector:
        with Listener(own_mosquitto.port, CHANNEL) as listener:
            third = numbers(decoded(listener.wait_for(CHANNEL, 5)), late=False)[2]
        own_mosquitto.kill()
        wait_until(lambda: collector.report().problem is not None, "the outage")
        outage = time.monotonic()
        wait_until(lambda: time.monotonic() - outage > 1, "a longer outage than 0.5 s")
        own_mosquitto.start()
        with Listener(own_mosquitto.port, CHANNEL) as listener:
            wait_until(lambda: third in numbers(decoded(listener.on(CHANNEL)), late=True), "it")


@contextmanager
def as_published(port: int) -> Iterator[list[tuple[dict[str, Any], bool]]]:
    """Yield the messages received with MQTT 5, each with its retain flag as it was published."""
    received: list[tuple[dict[str, Any], bool]] = []
    ready: list[object] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = lambda _client, _data, message: received.append(
        (decoded([bytes(message.payload)])[0], message.retain)
    )
    client.on_subscribe = lambda *_: ready.append(None)
    client.connect("127.0.0.1", port)
    client.subscribe(CHANNEL, options=SubscribeOptions(1, retainAsPublished=True))
    client.loop_start()
    try:
        wait_until(lambda: bool(ready), "the subscription")
        yield received
    finally:
        client.disconnect()
        client.loop_stop()


def test_what_a_frozen_broker_did_not_take_is_late_and_not_retained(
    own_mosquitto: Mosquitto,
) -> None:
    sensor = CountingSensor()
    address = BrokerAddress("127.0.0.1", own_mosquitto.port)
    with as_published(own_mosquitto.port) as received, collecting(address, sensor):
        wait_until(lambda: len(received) >= 3, "samples")
        own_mosquitto.freeze()
        frozen = sensor.count
        wait_until(lambda: sensor.count >= frozen + 10, "samples wait")
        own_mosquitto.thaw()
        wait_until(lambda: received[-1][0]["utilization"] >= frozen + 15, "the present")
        wait_until(lambda: len(received) >= frozen + 15, "the past")
        messages = [message for message, _ in received]
    assert_the_past_is_marked(messages)
    assert len(numbers(messages, late=True)) >= 8
    assert all(retained is ("late" not in message) for message, retained in received)


def test_what_a_dead_broker_did_not_acknowledge_is_late(
    own_mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.bus.client.KEEPALIVE_SECONDS", 1)
    sensor = CountingSensor()
    address = BrokerAddress("127.0.0.1", own_mosquitto.port)
    with collecting(address, sensor) as collector:
        wait_until(lambda: sensor.count >= 3, "samples")
        own_mosquitto.freeze()  # what is sent now is not acknowledged
        frozen = sensor.count
        wait_until(lambda: "does not answer" in str(collector.report().problem), "the timeout")
        own_mosquitto.kill()
        own_mosquitto.start()
        with Listener(own_mosquitto.port, CHANNEL) as listener:
            present = decoded(listener.wait_for(CHANNEL))[0]["utilization"]
            listener.wait_for(CHANNEL, present - frozen)
            wait_until(
                lambda: present - 1 in numbers(decoded(listener.on(CHANNEL)), late=True), "the past"
            )
            messages = decoded(listener.on(CHANNEL))
    assert "late" not in messages[0]
    assert present > frozen + 5
    assert frozen + 1 in numbers(messages, late=True)
    assert_the_past_is_marked(messages)
