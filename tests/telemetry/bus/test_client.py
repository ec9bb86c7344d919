import socket
from collections.abc import Iterator

import pytest
from paho.mqtt.enums import MessageType, MQTTErrorCode

from telemetry.bus.address import BrokerAddress
from telemetry.bus.client import BusClient, new_client
from telemetry.bus.messages import Publication

CONNACK = bytes([0x20, 2, 0, 0])
AT_MOST_ONCE = bytes([0x30, 5, 0, 1]) + b"a" + b"hi"
AT_LEAST_ONCE = bytes([0x33, 6, 0, 1]) + b"b" + bytes([1, 2]) + b"!"
PINGREQ = bytes([0xC0, 0])
PINGRESP = bytes([0xD0, 0])
LARGE = bytes([0x30, 0xA3, 0x8D, 0x06, 0, 1]) + b"c" + b"x" * 100_000
PUBLISH_LARGE = bytes([0x32, 0xAC, 0x8D, 0x06, 0, 1]) + b"c"


class Peer:
    """The broker's end of a connection, and what the client has received on its own."""

    def __init__(self, server: socket.socket) -> None:
        address = BrokerAddress("127.0.0.1", server.getsockname()[1])
        self.client: BusClient = new_client(
            address,
            "test",
            tls=None,
            keep_session=True,
            manual_acknowledgement=True,
            last_will=None,
        )
        self.received: list[tuple[bytes, bytes, int, int, bool]] = []
        self.acknowledged: list[int] = []
        self.client.on_packet = self._receive
        self.client.on_acknowledged = self.acknowledged.append
        self.client.on_socket_register_write = lambda *_: None
        self.client.reconnect()
        self.socket = server.accept()[0]
        self.client.loop_write()
        self.socket.recv(1000)

    def _receive(
        self, topic: bytes, payload: bytes, identifier: int, quality: int, *, retained: bool
    ) -> None:
        self.received.append((topic, payload, identifier, quality, retained))

    def send(self, packets: bytes, piece: int) -> MQTTErrorCode:
        """Send ``packets`` in pieces, each of which the client reads on its own."""
        for start in range(0, len(packets), piece):
            self.socket.sendall(packets[start : start + piece])
            code = self.client.loop_read()
        return code


@pytest.fixture
def peer() -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = Peer(server)
        with peer.socket:
            yield peer
        peer.client.disconnect()
        peer.client.loop_write()


@pytest.mark.parametrize("piece", [1, 2, 5, 7, 1000])
def test_messages_are_complete_however_the_network_cuts_them(peer: Peer, piece: int) -> None:
    peer.send(CONNACK + AT_MOST_ONCE + PINGRESP + AT_LEAST_ONCE + AT_MOST_ONCE, piece)
    assert peer.client.is_connected()
    first = (b"a", b"hi", 0, 0, False)
    assert peer.received == [first, (b"b", b"!", 0x102, 1, True), first]


def test_a_message_that_is_larger_than_one_read_arrives(peer: Peer) -> None:
    peer.send(CONNACK + LARGE + AT_MOST_ONCE, 10_000)
    assert [len(payload) for _, payload, *_ in peer.received] == [100_000, 2]


def test_after_a_full_read_the_rest_is_read_without_waiting_for_more(peer: Peer) -> None:
    peer.send(CONNACK + LARGE[:80_000], 80_014)
    assert peer.client.may_have_more
    peer.client.loop_read()
    assert not peer.client.may_have_more


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(bytes([0x30, 3, 0, 9]) + b"a", id="a topic that exceeds its packet"),
        pytest.param(bytes([0x32, 3, 0, 1]) + b"a", id="no identifier"),
        pytest.param(bytes([0x30, 0]), id="no topic"),
        pytest.param(bytes([0x30, 255, 255, 255, 255, 1]), id="a length of five bytes"),
    ],
)
def test_a_malformed_packet_ends_the_connection(peer: Peer, packet: bytes) -> None:
    code = peer.send(CONNACK + AT_MOST_ONCE + packet, 1000)
    assert code == MQTTErrorCode.MQTT_ERR_PROTOCOL
    assert peer.client.socket() is None
    assert len(peer.received) == 1


def test_the_end_of_the_connection_inside_a_message_is_noticed(peer: Peer) -> None:
    peer.send(CONNACK + AT_LEAST_ONCE[:-1], 1000)
    peer.socket.close()
    assert peer.client.loop_read() == MQTTErrorCode.MQTT_ERR_CONN_LOST
    assert peer.received == []


def test_acknowledgements_are_sent_together_and_in_order(peer: Peer) -> None:
    peer.send(CONNACK, 1000)
    peer.client.acknowledge([0x102, 3])
    assert peer.socket.recv(100) == bytes([0x40, 2, 1, 2, 0x40, 2, 0, 3])


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_an_acknowledged_message_counts_as_published_once(peer: Peer, piece: int) -> None:
    published: list[int] = []
    peer.client.on_publish = lambda _client, _data, identifier, *_: published.append(identifier)
    peer.send(CONNACK, 1000)
    first, second = (peer.client.publish("a", each, qos=1) for each in (b"1", b"2"))
    acknowledgements = [bytes([0x40, 2, *each.mid.to_bytes(2)]) for each in (second, second)]
    unknown = bytes([0x40, 2, 0xFF, 0xFF])
    assert peer.send(unknown + b"".join(acknowledgements), piece) == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert published == [second.mid]
    assert second.is_published()
    assert not first.is_published()


def test_messages_are_published_together_and_each_is_acknowledged_once(peer: Peer) -> None:
    peer.send(CONNACK, 1000)
    large = Publication("c", b"x" * 200, retain=False)
    first, second = sorted(peer.client.publish_all([Publication("é", b"", retain=True), large]))
    expected = bytes([0x33, 6, 0, 2]) + "é".encode() + first.to_bytes(2)
    expected += bytes([0x32, 0xCD, 0x01, 0, 1]) + b"c" + second.to_bytes(2) + b"x" * 200
    assert peer.socket.recv(1000) == expected
    peer.send(bytes([0x40, 2, *second.to_bytes(2)]) * 2, 1000)
    assert peer.acknowledged == [second]


def test_what_a_full_connection_cannot_take_now_follows_in_order(peer: Peer) -> None:
    peer.send(CONNACK, 1000)
    expected = b""
    while not peer.client.want_write():
        (identifier,) = peer.client.publish_all([Publication("c", LARGE, retain=False)])
        expected += PUBLISH_LARGE + identifier.to_bytes(2) + LARGE
    peer.client.acknowledge([3])
    expected += bytes([0x40, 2, 0, 3])
    sent = b""
    while len(sent) < len(expected):
        peer.client.loop_write()
        sent += peer.socket.recv(1_000_000)
    assert sent == expected


class PingingClient(BusClient):
    """A client whose keepalive queues a ping just before the rest of what was sent in part."""

    def _queue_first(self, kind: MessageType, rest: bytes) -> None:
        self._packet_queue(MessageType.PINGREQ, PINGREQ, 0, 0)
        super()._queue_first(kind, rest)


def test_a_packet_that_another_thread_queues_is_not_sent_within_another_packet(peer: Peer) -> None:
    peer.send(CONNACK, 1000)
    peer.client.__class__ = PingingClient
    expected = b""
    while not peer.client.want_write():
        (identifier,) = peer.client.publish_all([Publication("c", LARGE, retain=False)])
        expected += PUBLISH_LARGE + identifier.to_bytes(2) + LARGE
    sent = b""
    while len(sent) < len(expected + PINGREQ):
        peer.client.loop_write()
        sent += peer.socket.recv(1_000_000)
    assert sent == expected + PINGREQ


def test_what_is_published_without_a_connection_is_never_acknowledged(peer: Peer) -> None:
    peer.socket.close()
    peer.client.loop_read()
    assert len(peer.client.publish_all([Publication("a", b"1", retain=True)])) == 1
    assert not peer.client.want_write()
