"""The live side of the API: from the bus to the newest values and the WebSocket clients."""

import asyncio
import secrets
from collections import deque

from api.live.hub import Hub
from api.live.newest import Newest, Update
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_MOST_ONCE, Message, Publication
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.decoding import decode, resolve
from telemetry.errors import BusUnavailableError, MalformedMessageError
from telemetry.events import Event
from telemetry.reports import Report, counter, gauge
from telemetry.tally import Tally

MAX_WAITING = 10_000
_ACKNOWLEDGED_SECONDS = 2.0
_AT_ONCE = 100  # taken in before the event loop turns to its other work

_REJECTED = "Messages that are no samples"
_REFUSED = "Updates of hosts or channels beyond what is kept"


class Live:
    """Listens to every channel of every host.

    Messages are decoded in the connection's thread; ``newest`` and ``hub`` belong to the event
    loop's. ``malformed`` counts by reason the messages that follow no contract, ``overrun`` those
    that gave way to newer ones because the event loop could not keep up.
    """

    def __init__(self, broker: BrokerAddress, topics: TopicScheme, host: str) -> None:
        """Prepare; nothing is received before ``start``.

        ``host`` is this machine's name: under it go events that concern no particular host.
        """
        self._topics = topics
        self._host = host
        # 23 characters: what every MQTT 3.1.1 broker must accept (section 3.1.3.1).
        self._bus = BusConnection(broker, f"sm-api-{secrets.token_hex(8)}")
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Update] = deque(maxlen=MAX_WAITING)
        self._call_pending = False
        self.newest = Newest()
        self.hub = Hub(self.newest)
        self._malformed = Tally("Message is not a valid sample")
        self.malformed = self._malformed.by_reason
        self.overrun = 0

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._bus.connected

    @property
    def broker(self) -> BrokerAddress:
        """Where the broker is."""
        return self._bus.address

    @property
    def outage(self) -> str | None:
        """Why no messages arrive, in a sentence."""
        return self._bus.outage

    def report(self) -> Report:
        """Return what was heard and who listens."""
        hub, newest = self.hub, self.newest
        return Report(
            "api",
            self.outage,
            (
                counter("messages_rejected", _REJECTED, dict(self.malformed), label="reason"),
                counter("updates_refused", _REFUSED, dict(newest.refused), label="reason"),
                counter("updates_dropped", "Updates that gave way to newer ones", self.overrun),
                counter("clients_dropped", "Clients that did not read", hub.slow_clients),
                counter("broker_reconnects", "Connections after the first", self._bus.reconnects),
                gauge("clients", "WebSocket clients connected", hub.clients),
                gauge("hosts", "Hosts heard of", len(newest.hosts)),
            ),
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect in the background and bring what arrives into ``loop``."""
        self._loop = loop
        self._bus.start()

    async def publish(self, event: Event) -> None:
        """Publish ``event``; return once the broker has acknowledged it.

        Raises BusUnavailableError if it does not within 2 s. The event may arrive all the same;
        sending it again with the same id is harmless.
        """
        topic = self._topics.topic(event.host or self._host, event.channel)
        acknowledged = self.connected
        if acknowledged:
            sent = self._bus.publish(Publication(topic, event.payload(), retain=False))
            await asyncio.to_thread(sent.wait_for_publish, _ACKNOWLEDGED_SECONDS)
            acknowledged = sent.is_published()
        if not acknowledged:
            raise BusUnavailableError(
                f"The MQTT broker at {self._bus.address.masked()} does not acknowledge the event: "
                "try again later."
            )

    def stop(self) -> None:
        """Disconnect. May take a second where the broker is dead."""
        self._bus.stop()

    def _subscribe(self) -> None:
        self._bus.subscribe(self._topics.everything(), AT_MOST_ONCE)

    def _receive(self, message: Message) -> None:
        try:
            update = self._update(message)
        except MalformedMessageError as error:
            self._malformed.note(error)
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.overrun += 1
        self._waiting.append(update)
        self._call_the_loop()

    def _call_the_loop(self) -> None:
        if not self._call_pending and self._loop is not None and not self._loop.is_closed():
            self._call_pending = True
            self._loop.call_soon_threadsafe(self._take_in)

    def _take_in(self) -> None:
        self._call_pending = False  # before looking: what is appended from now on calls again
        for _ in range(min(len(self._waiting), _AT_ONCE)):
            update = self._waiting.popleft()
            if update.is_event or self.newest.accept(update):
                self.hub.publish(update)
        if self._waiting:
            self._call_the_loop()

    def _update(self, message: Message) -> Update:
        address = resolve(self._topics, message.topic)
        content = decode(address, message.payload, arrived=unix_milliseconds())
        if isinstance(content, Event) and message.retained:  # it is not happening now
            raise MalformedMessageError("retained event", address.channel)
        return Update(content, message.retained, len(message.payload))
