import os
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, LastWill, Message
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until
from tests.services.refusing_broker import refusing_broker


def test_a_callback_that_raises_does_not_end_the_connection(
    address: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    received: list[bytes] = []

    def stumble(message: Message) -> None:
        received.append(message.payload)
        raise RuntimeError("stumbled")

    bus = BusConnection(address, "clumsy")
    bus.on_connected = lambda: bus.subscribe("a", AT_LEAST_ONCE)
    bus.on_message = stumble
    bus.start()
    try:
        assert bus.wait_connected(5)
        with Listener(address.port) as client:
            client.publish("a", b"1")
            client.publish("a", b"2")
            wait_until(lambda: received == [b"1", b"2"], "both messages")
    finally:
        bus.stop()
    assert bus.callback_errors == 2
    assert "RuntimeError('stumbled')" in caplog.text


def test_the_last_will_is_published_when_the_process_is_killed(address: BrokerAddress) -> None:
    program = f"""
import time
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import LastWill
bus = BusConnection(BrokerAddress("127.0.0.1", {address.port}), "mortal",
                    last_will=LastWill("will", b"gone"))
bus.start()
print(bus.wait_connected(10), flush=True)
time.sleep(60)
"""
    with (
        Listener(address.port, "will") as listener,
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as mortal,
    ):
        assert mortal.stdout is not None
        assert mortal.stdout.readline() == b"True\n"
        mortal.kill()
        assert listener.wait_for("will") == [b"gone"]


def test_a_proper_stop_sends_no_last_will(address: BrokerAddress) -> None:
    bus = BusConnection(address, "polite", last_will=LastWill("will", b"gone"))
    with Listener(address.port) as listener:
        bus.start()
        assert bus.wait_connected(5)
        bus.stop()
        listener.publish("later", b"")
        listener.wait_for("later")
        assert listener.on("will") == []


def test_a_broker_that_comes_later_is_found() -> None:
    port = free_port()
    bus = BusConnection(BrokerAddress("127.0.0.1", port), "early")
    assert bus.outage == f"The MQTT broker at mqtt://127.0.0.1:{port} is not connected."
    bus.start()
    wait_until(lambda: bus.failure is not None, "the first attempt has failed")
    assert not bus.connected
    assert str(bus.outage).startswith(
        f"The MQTT broker at mqtt://127.0.0.1:{port} cannot be reached"
    )
    broker = EmbeddedBroker("127.0.0.1", port)
    broker.start()
    try:
        assert bus.wait_connected(10)
        wait_until(lambda: bus.outage is None, "the outage is over")
    finally:
        bus.stop()
        broker.stop()


def test_a_broker_that_dies_again_and_again_is_not_taken_for_a_rival() -> None:
    port = free_port()
    bus = BusConnection(BrokerAddress("127.0.0.1", port), "steady")
    bus.start()
    try:
        for _ in range(5):
            broker = EmbeddedBroker("127.0.0.1", port)
            broker.start()
            assert bus.wait_connected(10)
            broker.stop()
            wait_until(lambda: "cannot be reached" in str(bus.outage), "an attempt has failed")
            assert not bus.displaced
    finally:
        bus.stop()


def test_a_process_with_more_than_1023_open_files_receives_messages(
    broker: EmbeddedBroker, address: BrokerAddress
) -> None:
    received: list[bytes] = []
    with ExitStack() as files, Listener(broker.port) as client:
        for _ in range(1024):
            files.enter_context(open(os.devnull))  # noqa: PTH123 - as cheap as can be
        bus = BusConnection(address, "crowded")
        bus.on_connected = lambda: bus.subscribe("a", AT_LEAST_ONCE)
        bus.on_message = lambda message: received.append(message.payload)
        bus.start()
        try:
            assert bus.wait_subscribed(5)
            client.publish("a", b"1")
            wait_until(lambda: received == [b"1"], "the message")
        finally:
            bus.stop()


def test_messages_that_arrive_together_are_followed_by_one_turn(address: BrokerAddress) -> None:
    calls: list[bytes] = []
    bus = BusConnection(address, "calm", gather=0.2)
    bus.on_connected = lambda: bus.subscribe("a", AT_LEAST_ONCE)
    bus.on_message = lambda message: calls.append(message.payload)
    bus.on_turn = lambda: calls.append(b"turn")
    bus.start()
    try:
        assert bus.wait_subscribed(5)
        with Listener(address.port) as client:
            for each in (b"1", b"2", b"3"):
                client.publish("a", each)
            wait_until(lambda: b"3" in calls and calls[-1] == b"turn", "the turn")
    finally:
        bus.stop()
    start = calls.index(b"1")
    assert calls[start : start + 4] == [b"1", b"2", b"3", b"turn"]


def reconnect(bus: BusConnection) -> None:
    bus.stop()
    bus.start()


def test_an_acknowledgement_for_an_earlier_connection_is_not_sent(
    address: BrokerAddress, broker: EmbeddedBroker
) -> None:
    received: list[Message] = []
    bus = BusConnection(address, "keeper", keep_session=True, manual_acknowledgement=True)
    bus.on_connected = lambda: bus.subscribe("a", AT_LEAST_ONCE)
    bus.on_message = received.append
    bus.start()
    try:
        assert bus.wait_connected(5)
        with Listener(broker.port) as client:
            client.publish("a", b"1")
            wait_until(lambda: len(received) == 1, "the message")
            reconnect(bus)
            assert bus.wait_connected(5)
            wait_until(lambda: len(received) == 2, "the message again")
            bus.acknowledge(received[:1])
            reconnect(bus)
            wait_until(lambda: len(received) == 3, "the message, still not acknowledged")
            bus.acknowledge(received[2:])
            reconnect(bus)
            client.publish("a", b"2")
            wait_until(lambda: len(received) == 4, "only the next message")
    finally:
        bus.stop()
    assert [message.payload for message in received] == [b"1", b"1", b"1", b"2"]


def test_a_connection_that_was_abandoned_changes_nothing_once_it_goes_on(
    address: BrokerAddress, broker: EmbeddedBroker
) -> None:
    received: list[bytes] = []
    hanging, proceed = threading.Event(), threading.Event()

    def receive(message: Message) -> None:
        received.append(message.payload)
        if message.payload == b"hang":
            hanging.set()
            proceed.wait()

    others = threading.enumerate()
    bus = BusConnection(address, "patient")
    bus.on_connected = lambda: bus.subscribe("a", AT_LEAST_ONCE)
    bus.on_message = receive
    bus.start()
    try:
        assert bus.wait_subscribed(5)
        with Listener(broker.port) as client:
            client.publish("a", b"hang")
            assert hanging.wait(5)
            client.publish("a", b"for the abandoned")
            abandoned = [each for each in threading.enumerate() if each not in others]
            abandoned = [each for each in abandoned if each.name == "bus"]
            reconnect(bus)
            assert bus.wait_subscribed(5)
            proceed.set()
            for thread in abandoned:
                thread.join(5)
                assert not thread.is_alive()
            assert bus.connected
            assert bus.outage is None
            assert bus.connections == 2
            client.publish("a", b"for the new")
            wait_until(lambda: b"for the new" in received, "the message")
        assert received == [b"hang", b"for the new"]
    finally:
        proceed.set()
        bus.stop()


def test_a_connection_is_not_usable_until_all_its_subscriptions_are_requested(
    address: BrokerAddress,
) -> None:
    outages: list[str | None] = []
    bus = BusConnection(address, "several")

    def subscribe() -> None:
        for topic_filter in ("a", "b"):
            outages.append(bus.outage)
            bus.subscribe(topic_filter, AT_LEAST_ONCE)

    bus.on_connected = subscribe
    bus.start()
    try:
        assert bus.wait_subscribed(5)
        assert bus.outage is None
    finally:
        bus.stop()
    unconfirmed = f"The MQTT broker at {address.masked()} has not confirmed the subscription yet."
    assert outages == [unconfirmed, unconfirmed]


def test_a_refused_subscription_is_reported_and_tried_again_on_the_same_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("telemetry.bus.subscriptions._RETRY_SECONDS", 0.1)
    with refusing_broker() as broker:
        bus = BusConnection(BrokerAddress("127.0.0.1", broker.port), "unwanted")

        def subscribe() -> None:
            for each in ("a/#", "b/#"):
                bus.subscribe(each, AT_LEAST_ONCE)

        bus.on_connected = subscribe
        bus.start()
        try:
            wait_until(lambda: broker.refusals == 4, "both are refused twice")
            refusal = (
                f"The MQTT broker at mqtt://127.0.0.1:{broker.port} refuses the subscription to "
                "'a/#', 'b/#': allow this user to read these topics."
            )
            assert bus.outage == refusal
            assert bus.connected
            broker.allow.set()
            assert bus.wait_subscribed(10)
            assert bus.outage is None
        finally:
            bus.stop()
    assert broker.connections == 1
    assert [each.getMessage() for each in caplog.records] == [
        f"{refusal} Trying again.",
        f"The MQTT broker at mqtt://127.0.0.1:{broker.port} now accepts all subscriptions.",
    ]
