"""The connection to the MQTT broker, based on paho-mqtt."""

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessageInfo
from paho.mqtt.reasoncodes import ReasonCode

from telemetry.bus.address import BrokerAddress
from telemetry.bus.client import BusClient, bound_client_id, new_client, tls_context
from telemetry.bus.messages import LastWill, Message, Publication
from telemetry.bus.network_loop import NetworkLoop
from telemetry.bus.subscriptions import Subscription, Subscriptions
from telemetry.bus.tenure import Tenure
from telemetry.bus.tls import explained
from telemetry.log_limit import RateLimitedLog

log = logging.getLogger(__name__)

_STOP_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 4.0
_KEEPALIVE_TIMEOUT = "Keep alive timeout"
_NO_WELCOME = "closes the connection immediately: check the user name, password and certificate"


def _nothing(*_: object) -> None: ...


class BusConnection:
    """An MQTT 3.1.1 client that reconnects automatically.

    Set the callbacks before ``start``. They run in the network thread: ``on_connected()`` after
    each connection, ``on_message(message)`` for each message, ``on_published(identifier)`` after
    each acknowledgement, and ``on_turn()`` after each read and at least every 2.5 s. While a
    callback blocks, nothing is read from the connection. If a callback blocks for longer than the
    keepalive period, the connection can be lost. ``callback_errors`` counts the exceptions that
    callbacks raise. After ``stop``, no callback is called, except possibly ``on_turn``.

    With ``keep_session``, the broker keeps the subscriptions and queues messages while the client
    is offline. ``session_present`` is true if the broker still had the session when the client last
    connected; a broker without persistence loses the session when it restarts. With
    ``manual_acknowledgement``, the broker keeps each QoS 1 message until it is passed to
    ``acknowledge``. ``failure`` is the reason why the broker is not usable, or None. It
    completes a sentence that begins with the broker's address, for example "cannot be reached".
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        keep_session: bool = False,
        manual_acknowledgement: bool = False,
        last_will: LastWill | None = None,
        longest_pause: float = _LONGEST_PAUSE_SECONDS,
        name_option: str = "--host-name",
        gather: float = 0.0,
    ) -> None:
        """Prepare the client; nothing is sent before ``start``.

        The pauses between connection attempts grow to ``longest_pause`` seconds, with jitter.
        ``name_option`` is the command-line option that changes ``client_id``. To save CPU time,
        messages can wait up to ``gather`` seconds, so that several are read together.
        """
        self.address = address
        self.on_connected: Callable[[], None] = _nothing
        self.on_message: Callable[[Message], None] = _nothing
        self.on_turn: Callable[[], None] = _nothing
        self.on_published: Callable[[int], None] = _nothing
        self.callback_errors = 0
        self._errors = RateLimitedLog(log, logging.ERROR)
        self.connections = 0
        self.session_present = False
        self.failure: str | None = None
        self._client_id = client_id
        self._name_option = name_option
        self._tenure = Tenure()
        self._keep_session = keep_session
        self._manual_acknowledgement = manual_acknowledgement
        self._last_will = last_will
        self._longest_pause = longest_pause
        self._gather = gather
        self._connected = threading.Event()
        self._subscriptions = Subscriptions(
            address.masked(), lambda each: self._started().subscribe(*each)[1]
        )
        self._stopped = False
        self._refusal: str | None = None
        self._unacknowledged: set[int] = set()
        self._client: BusClient | None = None
        self._loop: NetworkLoop | None = None

    def _new_client(self, client_id: str, tls: ssl.SSLContext | None) -> BusClient:
        """Return a client for the next connection; earlier clients no longer call the callbacks.

        A client cannot be reused: it would resend its unacknowledged messages as if they were new.
        """
        client = new_client(
            self.address,
            client_id,
            tls=tls,
            keep_session=self._keep_session,
            manual_acknowledgement=self._manual_acknowledgement,
            last_will=self._last_will,
        )
        client.on_connect = self._while_in_use(self._handle_connect)
        client.on_disconnect = self._while_in_use(self._handle_disconnect)
        client.on_packet = partial(self._while_in_use(self._handle_message), client, None)
        client.on_publish = published = self._while_in_use(self._handle_publish)
        client.on_acknowledged = partial(published, client, None)
        client.on_subscribe = self._while_in_use(self._subscriptions.note_answer)
        self._client = client
        return client

    def _while_in_use(self, handle: Callable[..., None]) -> Callable[..., None]:
        def check(client: BusClient, _data: object, *arguments: object, **named: bool) -> None:
            if client is self._client and not self._stopped:
                handle(*arguments, **named)

        return check

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the current connection."""
        return self._connected.is_set()

    @property
    def outage(self) -> str | None:
        """A sentence that states why the broker is not usable; None while it is usable."""
        failure = self._rivalry() if self.displaced else self.failure
        if self.connected and failure is None:
            return self._subscriptions.problem
        return f"The MQTT broker at {self.address.masked()} {failure or 'is not connected'}."

    @property
    def displaced(self) -> bool:
        """Whether another client with the same name probably uses the broker; see Tenure."""
        return self._tenure.displaced

    @property
    def reconnects(self) -> int:
        """How many times the client has reconnected."""
        return max(0, self.connections - 1)

    def wait_connected(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for a connection; return whether the client is connected."""
        return self._connected.wait(seconds)

    def wait_subscribed(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the subscriptions; return whether all are accepted."""
        return self._subscriptions.wait(seconds)

    def start(self) -> None:
        """Connect in the background, and reconnect whenever the connection is lost.

        Raises SettingsError if a TLS file is not usable.
        """
        client_id = bound_client_id(self._client_id, self.address.password)
        self._loop = NetworkLoop(
            partial(self._new_client, client_id, tls_context(self.address)),
            first_pause=_FIRST_PAUSE_SECONDS,
            longest_pause=self._longest_pause,
            tenure=self._tenure,
            on_failure=self._handle_connect_fail,
            on_turn=self._take_turn,
            gather=self._gather,
        )
        self._stopped = False
        self._loop.start()

    def stop(self) -> None:
        """Disconnect cleanly within about a second; the broker does not publish the last will."""
        self._stopped = True
        if self._loop is None:
            return
        self._loop.stop(_STOP_SECONDS)
        self._connected.clear()
        self._subscriptions.reset()

    def subscribe(self, topic_filter: str, quality: int) -> None:
        """Subscribe to the topics that match ``topic_filter``; call this in ``on_connected``."""
        self._subscriptions.request(Subscription(topic_filter, quality))

    def unsubscribe(self, topic_filter: str) -> None:
        """Unsubscribe from ``topic_filter``, in case a kept session is still subscribed to it."""
        self._started().unsubscribe(topic_filter)

    def publish(self, message: Publication) -> MQTTMessageInfo:
        """Publish ``message``, and return a handle that can wait for the acknowledgement.

        If the connection is lost before the acknowledgement, the message is not sent again.
        """
        return self._started().publish(*message[:2], message.quality, message.retain)

    def publish_all(self, messages: Sequence[Publication]) -> set[int]:
        """Publish ``messages`` with QoS 1; return their identifiers."""
        return self._started().publish_all(messages)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge ``messages`` to the broker, except messages from an earlier connection.

        The broker redelivers messages from an earlier connection, and may already use their
        identifiers for other messages.
        """
        client, current = self._started(), self.connections  # in this order: it may reconnect
        identifiers = [
            each.identifier for each in messages if each.quality and each.connection == current
        ]
        if identifiers and self.connected:
            self._unacknowledged.difference_update(identifiers)  # the broker may use them again
            client.acknowledge(identifiers)

    def _started(self) -> BusClient:
        if self._client is None:
            raise RuntimeError("the connection has not been started")
        return self._client

    def _take_turn(self) -> None:
        self._subscriptions.retry()
        self._guarded(self.on_turn)

    def _guarded(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception as error:
            self.callback_errors += 1
            self._errors.write(
                "An MQTT callback failed (%r). Failures so far: %d.", error, self.callback_errors
            )
            log.debug("Traceback of the callback", exc_info=True)

    def _handle_connect(self, flags: ConnectFlags, reason: ReasonCode, _properties: object) -> None:
        if reason.is_failure:
            self._refusal = f"refuses the connection: {reason}"
            self._log_outage(self._refusal)
            return
        log.info("Connected to the MQTT broker at %s.", self.address.masked())
        self.failure = None
        self.connections += 1
        self._unacknowledged.clear()
        self.session_present = flags.session_present
        self._tenure.begin()
        with self._subscriptions.requesting():
            self._connected.set()
            self._guarded(self.on_connected)

    def _handle_connect_fail(self) -> None:
        reason = explained(sys.exception())  # the loop calls this method in its except block
        self._log_outage(f"cannot be reached ({reason})" if reason else "cannot be reached")

    def _handle_disconnect(
        self, _flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._tenure.end()
        expected = reason == _KEEPALIVE_TIMEOUT and bool(self._unacknowledged)
        if self._tenure.contested:
            what = self._rivalry()
        elif expected:
            # While rumqttd waits for us to acknowledge, it answers no pings. Our owner logs why.
            what = f"does not answer: it waits for acknowledgements ({len(self._unacknowledged)})"
        elif self._connected.is_set():
            what = "is no longer connected"
        elif reason == _KEEPALIVE_TIMEOUT:
            what = "does not answer"
        else:
            what = self._refusal or _NO_WELCOME
        self._refusal = None
        self._connected.clear()
        self._subscriptions.reset()
        self._log_outage(what, expected=expected)

    def _handle_message(
        self, topic: bytes, payload: bytes, identifier: int, quality: int, *, retained: bool
    ) -> None:
        if self._manual_acknowledgement and quality:
            self._unacknowledged.add(identifier)
        # All our topics are valid UTF-8. But any other message must be acknowledged too.
        name = topic.decode(errors="replace")
        message = Message(name, payload, retained, self.connections, identifier, quality)
        self._guarded(self.on_message, message)

    def _handle_publish(self, identifier: int, *_: object) -> None:
        self._guarded(self.on_published, identifier)

    def _rivalry(self) -> str:
        return (
            f"closes each connection of {self._client_id!r}: another client probably uses that "
            f"name, so choose a different name with {self._name_option}"
        )

    def _log_outage(self, what: str, *, expected: bool = False) -> None:
        level = logging.WARNING if self.failure is None else logging.DEBUG
        level, self.failure = (logging.INFO, None) if expected else (level, what)
        place, name = self.address.masked(), self._client_id
        log.log(level, "The MQTT broker at %s %s; %s tries again.", place, what, name)
