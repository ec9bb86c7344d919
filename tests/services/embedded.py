"""The embedded broker, and a client that records what it publishes."""

import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from deploy import broker_memory, broker_mosquitto
from deploy.broker_program import BrokerProgram
from deploy.broker_rumqttd import Rumqttd
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE
from telemetry.settings.values import BUNDLED, MOSQUITTO
from tests.services.availability import unavailable
from tests.services.processes import free_port, wait_until

EMBEDDED_BROKERS = (BUNDLED, MOSQUITTO)
_SECONDS = 10.0


def broker_program(choice: str, folder: Path) -> BrokerProgram:
    """Return one of EMBEDDED_BROKERS, with its queues in ``folder``; skip if it is missing."""
    if choice == BUNDLED:
        return Rumqttd()
    return broker_mosquitto.find(folder / "broker") or unavailable("mosquitto")


@pytest.fixture(params=EMBEDDED_BROKERS)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> BrokerProgram:
    """Return each program that can run as the embedded broker."""
    return broker_program(request.param, tmp_path)


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """Start an embedded broker on a free port."""
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def address(broker: EmbeddedBroker) -> BrokerAddress:
    """Return the address of ``broker``."""
    return BrokerAddress(broker.host, broker.port)


@pytest.fixture(scope="session")
def shared_bus() -> Iterator[BusConnection]:
    """Connect a publisher to an embedded broker for many tests: use your own topics.

    The broker never frees their logs: 2.5 MB for each API.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker_memory, "LIMIT_BYTES", 4_000_000_000)
        broker = EmbeddedBroker("127.0.0.1", free_port())
        broker.start()
        bus = BusConnection(BrokerAddress(broker.host, broker.port), "tests")
        bus.start()
        assert bus.wait_connected(_SECONDS)
        yield bus
        bus.stop()
        broker.stop()


@dataclass(frozen=True)
class Received:
    """One message that a listener received."""

    topic: str
    payload: bytes
    retained: bool


def _send_at_once(_client: Client, _data: object, connection: object) -> None:
    assert isinstance(connection, socket.socket)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass
class Listener:
    """A plain MQTT client, like a user's tool: paho itself, without our code."""

    port: int
    topic_filter: str = "#"
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"listener-{uuid.uuid4().hex[:8]}",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(
            self.topic_filter, AT_LEAST_ONCE
        )
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.received.append(
            Received(message.topic, bytes(message.payload), message.retain)
        )
        self._client.on_socket_open = _send_at_once
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        assert subscribed.wait(_SECONDS)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        del self._client  # its sockets are closed now, not in a later test

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        *,
        retain: bool = False,
        quality: int = AT_LEAST_ONCE,
    ) -> None:
        """Publish, by default at least once, and wait until the broker has it."""
        self._client.publish(topic, payload, quality, retain).wait_for_publish(_SECONDS)

    def on(self, topic: str) -> list[bytes]:
        """Return the payloads received on ``topic``, in order."""
        return [message.payload for message in self.received if message.topic == topic]

    def wait_for(self, topic: str, count: int = 1, seconds: float = _SECONDS) -> list[bytes]:
        """Wait until ``count`` messages were received on ``topic``; return all of them."""
        wait_until(lambda: len(self.on(topic)) >= count, f"{count} on {topic}", seconds)
        return self.on(topic)
