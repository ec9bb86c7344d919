"""The live side of the API: from the bus to the newest values and the WebSocket clients."""

import asyncio
import secrets
from collections import deque

from api.live.hub import Hub
from api.live.newest import Newest, Update
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_MOST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL
from telemetry.errors import MalformedMessageError
from telemetry.payloads import decode, decode_status
from telemetry.reports import Report, counter, gauge
from telemetry.samples import Sample
from telemetry.status import CollectorStatus
from telemetry.tally import Tally

MAX_WAITING = 10_000
_AT_ONCE = 100  # taken in before the event loop turns to its other work

_REJECTED = "Messages that are no samples"
_REFUSED = "Updates of hosts or channels beyond what is kept"


class Live:
    """Listens to every channel of every host.

    Messages are decoded in the connection's thread; ``newest`` and ``hub`` belong to the event
    loop's. ``malformed`` counts by reason the messages that follow no contract, ``overrun`` those
    that gave way to newer ones because the event loop could not keep up.
    """

    def __init__(self, broker: BrokerAddress, topics: TopicScheme) -> None:
        """Prepare; nothing is heard before ``start``."""
        self._topics = topics
        # 23 characters: what every MQTT 3.1.1 broker must accept (section 3.1.3.1).
        self._bus = BusConnection(broker, f"sm-api-{secrets.token_hex(8)}")
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Update] = deque(maxlen=MAX_WAITING)
        self._call_pending = False
        self.newest = Newest()
        self.hub = Hub(self.newest)
        self._malformed = Tally("A message is no sample")
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
        """Why nothing can be heard, in a sentence."""
        if self.connected:
            return None
        return f"The MQTT broker at {self._bus.address.masked()} is not connected."

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

    def stop(self) -> None:
        """Disconnect. May take a second where the broker is dead."""
        self._bus.stop()

    def _subscribe(self) -> None:
        self._bus.subscribe(self._topics.everything(), AT_MOST_ONCE)

    def _receive(self, message: Message) -> None:
        try:
            update = Update(self._decoded(message), message.retained, len(message.payload))
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
            if self.newest.accept(update):
                self.hub.publish(update)
        if self._waiting:
            self._call_the_loop()

    def _decoded(self, message: Message) -> Sample | CollectorStatus:
        parsed = self._topics.parse(message.topic)
        is_status = parsed is not None and parsed[1] == STATUS_CHANNEL
        if is_status:
            return decode_status(self._topics, message.topic, message.payload)
        return decode(self._topics, message.topic, message.payload)
