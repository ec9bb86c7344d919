"""Another collector with this one's host name: nobody could tell their samples apart."""

import secrets
import threading
import time
from collections.abc import Callable

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_MOST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL
from telemetry.decoding import decode_status, resolve
from telemetry.errors import MalformedMessageError
from telemetry.status import CollectorState, CollectorStatus

# Whoever may publish could send a collector away; one that has run for this long stays.
_PROBATION_SECONDS = 60.0
# A collector that has died may have left a word; one that lives says several.
_DIFFERENT_WORDS = 3


class RivalWatch:
    """Listens to ``system/status`` for an elder collector of ``host``, for a minute.

    Both have the same name at the broker, which ends one's connection when the other connects; so
    the elder is heard soon. It listens over a connection of its own, that nobody takes over.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        topics: TopicScheme,
        host: str,
        started: int,
        give_way: Callable[[CollectorStatus], None],
    ) -> None:
        """Know ourselves by when we started, ``started`` in Unix milliseconds.

        ``give_way`` is called with the elder's status, in the connection's thread.
        """
        self._topics = topics
        self._host = host
        self._started = started
        self._began = time.monotonic()
        self._give_way = give_way
        self._rival: int | None = None
        self._words: set[int] = set()
        self._decided = threading.Event()
        self._connected_once = threading.Event()
        self._bus = BusConnection(broker, f"sm-watch-{secrets.token_hex(7)}")
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self.hear
        self._thread = threading.Thread(target=self._listen, name="rivals", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Listen no longer; wait for that, ``seconds`` at most. Safe to call twice."""
        self._decided.set()
        self._connected_once.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def hear(self, message: Message) -> None:
        """Look at a status."""
        try:
            status = decode_status(resolve(self._topics, message.topic), message.payload)
        except MalformedMessageError:
            return
        if (
            status.host == self._host
            and status.started != self._started
            and status.state is CollectorState.ONLINE
            and self._lives(status)
            and self._is_elder(status)
            and not self._decided.is_set()
        ):
            self._decided.set()
            self._give_way(status)

    def _listen(self) -> None:
        self._bus.start()
        self._connected_once.wait()
        self._decided.wait(_PROBATION_SECONDS)
        self._bus.stop()

    def _subscribe(self) -> None:
        self._bus.subscribe(self._topics.topic(self._host, STATUS_CHANNEL), AT_MOST_ONCE)
        self._connected_once.set()

    def _lives(self, status: CollectorStatus) -> bool:
        if self._rival != status.started:
            self._rival = status.started
            self._words.clear()
        self._words.add(status.timestamp)
        return status.timestamp >= self._started or len(self._words) >= _DIFFERENT_WORDS

    def _is_elder(self, status: CollectorStatus) -> bool:
        # By each one's own clock: those of two machines may differ.
        age = time.monotonic() - self._began
        return (status.timestamp - status.started) / 1000 >= age
