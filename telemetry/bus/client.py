"""The MQTT client that a connection uses: paho's client, made faster."""

import contextlib
import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_LEAST_ONCE, LastWill, Publication
from telemetry.errors import SettingsError

_CONNECT_TIMEOUT_SECONDS = 5.0
# The broker may log the client ID, which is derived from the password. With this many rounds, an
# attacker needs about 50 ms to try one password.
_PASSWORD_ROUNDS = 100_000
KEEPALIVE_SECONDS = 10  # a half-open connection is detected within 2.5 times as long
_READ_BYTES = 65_536
_LENGTH_BYTES = 4  # the length of a packet takes up to this many bytes
_MESSAGE_MASK = 0xF4  # in a packet's first byte: its type, and the bit of QoS 2
_IDENTIFIER_BYTES = 2
_STORED = ReasonCode(PacketTypes.PUBACK)
_NO_PROPERTIES = Properties(PacketTypes.PUBACK)  # type: ignore[no-untyped-call] # paho's


class Receive(Protocol):
    """A function that processes a message."""

    def __call__(
        self, topic: bytes, payload: bytes, identifier: int, quality: int, *, retained: bool
    ) -> None:
        """Process the message; ``topic`` may contain invalid UTF-8."""


class BusClient(Client):
    """A paho client that can read, acknowledge or publish many messages with one system call.

    paho's own client makes four system calls to read a message and one to acknowledge or publish a
    message, and its decoder is slow. This class decodes QoS 0 and QoS 1 messages itself, and calls
    ``on_packet`` for each message. It also decodes the broker's acknowledgements of QoS 1
    messages. paho handles all other packets.
    """

    on_packet: Receive
    on_acknowledged: Callable[[int], None]

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - paho's
        """Accept the same arguments as paho's client."""
        super().__init__(*arguments, **options)
        self.may_have_more = False  # whether the last read filled its buffer
        self._received = bytearray()
        self._position = 0
        self._writing = threading.RLock()  # paho has none: it writes only in the network thread
        self._published: set[int] = set()  # identifiers from ``publish_all``, not yet acknowledged

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - all are read
        """Read once and process the complete packets; keep an incomplete packet for later."""
        self.may_have_more = False
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            more = super()._sock_recv(_READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            more = b""
        self.may_have_more = len(more) == _READ_BYTES
        self._received += more
        try:
            code = self._process() if more else MQTTErrorCode.MQTT_ERR_CONN_LOST
        except ValueError:
            code = MQTTErrorCode.MQTT_ERR_PROTOCOL
        return self._loop_rc_handle(code)

    def acknowledge(self, identifiers: Iterable[int]) -> None:
        """Acknowledge QoS 1 messages in the given order. Thread-safe."""
        packets = (struct.pack("!BBH", MessageType.PUBACK, 2, each) for each in identifiers)
        self._send_now(MessageType.PUBACK, b"".join(packets))

    def publish_all(self, messages: Iterable[Publication]) -> set[int]:
        """Publish ``messages`` with QoS 1, in the given order; return their identifiers.

        ``on_acknowledged`` is called with the identifier of each message that the broker
        acknowledges. While the client is disconnected, nothing is sent. Thread-safe.
        """
        by_identifier = {self._mid_generate(): each for each in messages}
        identifiers = set(by_identifier)
        if self._sock is not None and identifiers:
            self._published |= identifiers
            packets = b"".join(_packet(*each) for each in by_identifier.items())
            self._send_now(MessageType.PUBLISH, packets)
        return identifiers

    def _send_now(self, kind: MessageType, packets: bytes) -> None:
        """Send ``packets`` from this thread if possible, without waking the network thread.

        If the socket accepts only some of the bytes, the network thread sends the rest. Over TLS,
        the network thread sends all packets, because only one thread may use a TLS connection.
        """
        with self._writing:
            connection, sent = self._sock, 0
            if type(connection) is socket.socket and not self._out_packet:
                with contextlib.suppress(OSError):
                    sent = connection.send(packets)
            if not sent:
                self._packet_queue(kind, packets, 0, AT_LEAST_ONCE)
                return
            if sent < len(packets):
                self._queue_first(kind, packets[sent:])
                return
        with self._msgtime_mutex:
            self._last_msg_out = time.monotonic()

    def _queue_first(self, kind: MessageType, rest: bytes) -> None:
        """Queue ``rest``, which the socket did not accept, ahead of all other queued packets.

        The caller holds ``_writing``, so the network thread has not begun to send another packet.
        """
        self._out_packet.appendleft(
            {
                "command": kind,
                "mid": 0,
                "qos": AT_LEAST_ONCE,
                "pos": 0,
                "to_process": len(rest),
                "packet": rest,
                "info": None,
            }
        )
        self._call_socket_register_write()

    def _packet_write(self) -> MQTTErrorCode:
        with self._writing:
            return super()._packet_write()

    def _sock_close(self) -> None:
        with self._writing:  # the socket's number may be that of another file once it is closed
            super()._sock_close()

    def _process(self) -> MQTTErrorCode:
        """Process all complete packets. Raises ValueError if a packet is malformed."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            first, start, end = self._next_packet()
            if end > len(self._received):
                break
            if first & _MESSAGE_MASK == MessageType.PUBLISH:
                self._position = end
                self._deliver(first, start, end)
            elif first == MessageType.PUBACK and end == start + _IDENTIFIER_BYTES:
                self._position = end
                code = self._take_acknowledgement(start, end)
            else:
                code = self._packet_read()
        del self._received[: self._position]
        self._position = 0
        return code

    def _take_acknowledgement(self, start: int, end: int) -> MQTTErrorCode:
        identifier = int.from_bytes(self._received[start:end])
        if identifier in self._published:
            self._published.remove(identifier)
            self.on_acknowledged(identifier)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        with self._out_message_mutex:
            if identifier in self._out_messages:
                return self._do_on_publish(identifier, _STORED, _NO_PROPERTIES)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _next_packet(self) -> tuple[int, int, int]:
        """Return the next packet's first byte, and the start and end of its body.

        If the packet is incomplete, the end is beyond the received bytes.
        """
        received, start = self._received, self._position + 1
        length = shift = 0
        for byte in received[start : start + _LENGTH_BYTES]:
            start += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:  # noqa: PLR2004 - this is the last byte of the length
                return received[self._position], start, start + length
        if shift == 7 * _LENGTH_BYTES:
            raise ValueError
        return 0, start, len(received) + 1

    def _deliver(self, first: int, start: int, end: int) -> None:
        received, quality = self._received, first >> 1 & 1
        topic = start + 2
        rest = topic + int.from_bytes(received[start:topic])
        payload = rest + 2 * quality
        if payload > end:
            raise ValueError
        identifier = int.from_bytes(received[rest:payload])
        self.on_packet(
            bytes(received[topic:rest]),
            bytes(received[payload:end]),
            identifier,
            quality,
            retained=bool(first & 1),
        )
        if quality and not self._manual_ack:
            self.acknowledge([identifier])

    def _sock_recv(self, bufsize: int) -> bytes:
        start, self._position = self._position, self._position + bufsize
        return bytes(self._received[start : self._position])


def _packet(identifier: int, message: Publication) -> bytes:
    """Return the packet that publishes ``message``."""
    topic = message.topic.encode()
    size = 2 + len(topic) + _IDENTIFIER_BYTES + len(message.payload)
    length = bytearray()
    while size >= 128:  # noqa: PLR2004 - a byte holds 7 bits of the length
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    first = MessageType.PUBLISH | AT_LEAST_ONCE << 1 | message.retain
    head = struct.pack(f"!B{len(length)}sH", first, bytes(length), len(topic))
    return head + topic + struct.pack("!H", identifier) + message.payload


def new_client(
    address: BrokerAddress,
    client_id: str,
    *,
    tls: ssl.SSLContext | None,
    keep_session: bool,
    manual_acknowledgement: bool,
    last_will: LastWill | None,
) -> BusClient:
    """Return a client for the broker at ``address``, not yet connected and without callbacks."""
    client = BusClient(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=not keep_session,
        manual_ack=manual_acknowledgement,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    if tls is not None:
        client.tls_set_context(tls)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if last_will is not None:
        client.will_set(last_will.topic, last_will.payload, AT_LEAST_ONCE, retain=True)
    client.connect_timeout = _CONNECT_TIMEOUT_SECONDS
    client.on_socket_open = _send_at_once
    client.connect_async(address.host, address.port, KEEPALIVE_SECONDS)
    return client


def bound_client_id(client_id: str, password: str | None) -> str:
    """Return a client ID that cannot be guessed without ``password``.

    Any broker user who guessed a client's ID could connect with it and take over the client's
    session. If ``password`` is None, ``client_id`` is returned unchanged.
    """
    if password is None:
        return client_id
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), client_id.encode(), _PASSWORD_ROUNDS)
    return f"{client_id}-{key.hex()[:16]}"


def tls_context(address: BrokerAddress) -> ssl.SSLContext | None:
    """Return the TLS context for connections to ``address``; None if they do not use TLS.

    Raises SettingsError if a TLS file is not usable.
    """
    if not address.tls:
        return None
    try:
        return address.tls_files.context()
    except ValueError as error:
        raise SettingsError(f"{error}.") from None


def _send_at_once(_client: Client, _data: object, connection: object) -> None:
    # Otherwise, Nagle's algorithm delays small messages by 40 ms on loopback.
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
