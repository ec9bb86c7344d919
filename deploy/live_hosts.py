"""Finds out which hosts are currently publishing to the broker."""

import threading
import time
from collections.abc import Collection

from deploy.broker_access import connected
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import CHANNEL_FILTERS
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.status import CollectorState, CollectorStatus

_SECONDS = 2.5  # longer than the default interval


class LiveHosts:
    """Finds out which of the hosts in ``names`` are online or publish data."""

    def __init__(self, bus: BusConnection, topics: TopicScheme, names: Collection[str]) -> None:
        """Use ``bus``, which must not have been started. Nothing else may use this connection."""
        self._bus = bus
        self._topics = topics
        self._names = names
        self._found: set[str] = set()
        self._changed = threading.Condition()

    def find(self) -> list[str]:
        """Wait up to 2.5 s for a live host; return the live hosts found by then.

        Raises SystemMonitorError if the broker does not accept connections.
        """
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        with connected(self._bus), self._changed:
            self._changed.wait_for(lambda: self._found, _SECONDS)
            return sorted(self._found)

    def _subscribe(self) -> None:
        for each in CHANNEL_FILTERS:
            self._bus.subscribe(self._topics.of_every_host(each), AT_LEAST_ONCE)

    def _receive(self, message: Message) -> None:
        try:
            address = resolve(self._topics, message.topic)
            content = decode(address, message.payload, arrived=int(time.time() * 1000))
        except MalformedMessageError:
            return
        is_online = (
            isinstance(content, CollectorStatus) and content.state is CollectorState.ONLINE
        ) or (not message.retained and not isinstance(content, CollectorStatus))
        if is_online and content.host in self._names:
            with self._changed:
                self._found.add(str(content.host))
                self._changed.notify_all()
