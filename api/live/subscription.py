"""Receives messages from the bus, keeps the newest values, and sends updates to clients."""

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from api.live.hub import Hub
from api.live.newest import Newest, Update
from api.live.removal import Removal
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_MOST_ONCE, Message, Publication
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import CHANNEL_FILTERS
from telemetry.clock import unix_milliseconds
from telemetry.decoding import decode, resolve
from telemetry.errors import BusUnavailableError, MalformedMessageError
from telemetry.events import Event
from telemetry.limits import Limits
from telemetry.reports import Report, counter, gauge
from telemetry.samples import Sample
from telemetry.tally import Tally

MAX_WAITING = 10_000
_ACKNOWLEDGED_SECONDS = 2.0
# A restarted broker acknowledges messages even before the ingester has subscribed again, so these
# messages would be lost. After a reconnection, no events are published for this long.
_SETTLE_SECONDS = 2.0
# This long after connecting, the broker has delivered all retained messages, and the publishers
# have published again the states that a restarted broker had lost.
_STATES_SECONDS = 30.0
# Updates are processed for at most this long before the event loop continues with other work.
_TURN_SECONDS = 0.01

_REJECTED = "Messages that are not valid"
_REFUSED = "Updates rejected because of a limit on hosts, channels or memory"
_TOO_SLOW = "Clients disconnected because they read too slowly"
_REPLACED = "Clients disconnected to make room for clients at other addresses"


OnUpdate: TypeAlias = Callable[[Update], None]
"""Called in the event loop with each new update."""


class Subscription:
    """Subscribes to all channels of all hosts, and publishes events.

    Messages are decoded in the connection's thread; ``newest`` and ``hub`` are used only in the
    event loop's thread. ``malformed`` counts invalid messages by reason; ``overrun`` counts updates
    dropped because the event loop could not keep up.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        topics: TopicScheme,
        host: str,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Prepare the connection, which ``start`` opens.

        ``host`` is this machine's name. Events without a host are published on this host's topics.
        """
        self._topics = topics
        self._host = host
        self._connected_at = 0.0
        # The client id has 23 characters. Every MQTT 3.1.1 broker must accept a client id of this
        # length (section 3.1.3.1).
        self._bus = BusConnection(broker, f"sm-api-{secrets.token_hex(8)}")
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        self._bus.on_turn = self._wake_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Update | Removal] = deque(maxlen=MAX_WAITING)
        self._wake_pending = False
        self.newest = Newest(limits)
        self.hub = Hub(self.newest)
        self.observers: list[OnUpdate] = []
        self._malformed = Tally("Message is not a valid sample or event")
        self.malformed = self._malformed.by_reason
        self.overrun = 0

    @property
    def connected(self) -> bool:
        """Whether this process is connected to the broker."""
        return self._bus.connected

    @property
    def outage(self) -> str | None:
        """A sentence that says why no messages can be received; None if they can."""
        return self._bus.outage

    def report(self) -> Report:
        """Return the connection's state and the counts of messages and clients."""
        hub, newest = self.hub, self.newest
        return Report(
            "api",
            self.outage,
            (
                counter("messages_rejected", _REJECTED, dict(self.malformed), label="reason"),
                counter("updates_refused", _REFUSED, dict(newest.refused), label="reason"),
                counter("updates_dropped", "Updates dropped because of overload", self.overrun),
                counter("clients_dropped", _TOO_SLOW, hub.slow_clients),
                counter("clients_replaced", _REPLACED, hub.replaced_clients),
                counter("broker_reconnects", "Reconnections to the broker", self._bus.reconnects),
                gauge("clients", "WebSocket clients connected", hub.clients),
                gauge("hosts", "Known hosts", len(newest.hosts)),
            ),
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect in the background; process incoming messages in ``loop``."""
        self._loop = loop
        self._bus.start()

    async def publish(self, event: Event) -> None:
        """Publish ``event``; return once the broker has acknowledged it.

        Raises BusUnavailableError if this process is not connected to the broker or has just
        reconnected, or if the broker does not acknowledge the event within 2 s. The broker may
        deliver an event even if its acknowledgement does not arrive; publishing the event again
        with the same id is harmless.
        """
        topic = self._topics.topic(event.host or self._host, event.channel)
        acknowledged = False
        if self.connected and self._settled():
            sent = self._bus.publish(Publication(topic, event.payload(), retain=False))
            # paho raises these errors if the connection is lost.
            with contextlib.suppress(RuntimeError, ValueError):
                await asyncio.to_thread(sent.wait_for_publish, _ACKNOWLEDGED_SECONDS)
                acknowledged = sent.is_published()
        if not acknowledged:
            raise BusUnavailableError(
                f"The MQTT broker at {self._bus.address.masked()} has not acknowledged the event; "
                "try again later."
            )

    def _settled(self) -> bool:
        """Return False shortly after a reconnection: the ingester might not have resubscribed."""
        since = time.monotonic() - self._connected_at
        return self._bus.connections <= 1 or since >= _SETTLE_SECONDS

    def stop(self) -> None:
        """Disconnect. This can take a second if the broker does not respond."""
        self._bus.stop()

    def _subscribe(self) -> None:
        self._connected_at = time.monotonic()
        for each in CHANNEL_FILTERS:
            self._bus.subscribe(self._topics.of_every_host(each), AT_MOST_ONCE)

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._expect_states, self._connected_at)

    def _expect_states(self, connected: float) -> None:
        """Schedule the removal of states that the broker does not deliver after a reconnection.

        These states ended while this process was disconnected.
        """
        asyncio.get_running_loop().call_later(_STATES_SECONDS, self._end_states, connected)

    def _end_states(self, connected: float) -> None:
        if self.connected and connected == self._connected_at:
            for removal in self.newest.remove_states(before=connected):
                self.hub.publish(removal)

    def _receive(self, message: Message) -> None:
        try:
            update = self._update(message)
        except MalformedMessageError as error:
            # An empty payload only deletes a retained message of another program.
            if message.payload:
                self._malformed.note(error)
            return
        if update is None:
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.overrun += 1
        self._waiting.append(update)

    def _wake_loop(self) -> None:
        """Have the event loop process the waiting updates; called after each group of messages."""
        if not self._waiting or self._wake_pending:
            return
        if self._loop is not None and not self._loop.is_closed():
            self._wake_pending = True
            self._loop.call_soon_threadsafe(self._process_waiting)

    def _process_waiting(self) -> None:
        self._wake_pending = False  # first: an update appended later must wake the loop again
        until = time.monotonic() + _TURN_SECONDS
        while self._waiting and time.monotonic() < until:
            update = self._waiting.popleft()
            if isinstance(update, Removal):
                for removal in self.newest.remove(update):
                    self.hub.publish(removal)
            elif update.is_event or self.newest.accept(update):
                self.hub.publish(update)
                for observe in self.observers:
                    observe(update)
        self._wake_loop()

    def _update(self, message: Message) -> Update | Removal | None:
        """Return the update or removal in ``message``; None for a late sample.

        Only the history needs late samples.
        """
        address = resolve(self._topics, message.topic)
        if not message.payload:
            return Removal(address.host or "", address.channel)
        content = decode(address, message.payload, arrived=unix_milliseconds())
        if isinstance(content, Sample) and content.late:
            return None
        update = Update(content, message.retained, len(message.payload))
        if update.is_event and message.retained:  # an event from the past would look new
            raise MalformedMessageError("retained event", address.channel)
        return update
