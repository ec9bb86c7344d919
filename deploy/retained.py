"""Removes the retained messages of one host from the broker."""

import secrets
import threading
import time

from collector.home_assistant.discovery import device_topics
from deploy.broker_access import connected
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message, Publication
from telemetry.bus.topics import ALL_CHANNELS, TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError, SystemMonitorError

_SUBSCRIBED_SECONDS = 5.0
_QUIET_SECONDS = 1.5  # if no retained message arrives for this long, all have arrived
_LONGEST_SECONDS = 30.0
_REMOVED_SECONDS = 5.0


class RetainedMessages:
    """Removes the retained messages of ``host``, including those for Home Assistant.

    If topics contain the host name, all messages on the topics of ``host`` are removed, whatever
    they contain. If hosts share topics, a message on a shared topic is removed only if its
    payload contains the name of ``host``.
    """

    def __init__(self, broker: BrokerAddress, topics: TopicScheme, host: str) -> None:
        """Prepare; nothing is sent before ``remove``."""
        self._broker = broker
        self._topics = topics
        self._host = host
        self._devices = f"{device_topics(host)}/"
        self._changed = threading.Condition()
        self._found: set[str] = set()
        self._removed: set[str] = set()

    def remove(self) -> list[str]:
        """Remove the messages, and return their topics.

        If there are many retained messages, a broker might deliver only some of them to a new
        subscriber, so the removal is repeated until no new topics are found. Raises
        SystemMonitorError if the broker is not usable or does not remove all messages.
        """
        removed: set[str] = set()
        while found := self._remove_found() - removed:
            removed |= found
        return sorted(removed)

    def _remove_found(self) -> set[str]:
        self._found, self._removed = set(), set()
        bus = BusConnection(self._broker, f"sm-forget-{secrets.token_hex(6)}")
        bus.on_connected = lambda: self._subscribe(bus)
        bus.on_message = self._receive
        with connected(bus):
            if not bus.wait_subscribed(_SUBSCRIBED_SECONDS):
                what = bus.failure or "does not accept a subscription"
                raise SystemMonitorError(f"The broker at {self._broker.masked()} {what}.")
            found = self._wait_found()
            for topic in found:
                bus.publish(Publication(topic, b"", retain=True))
            with self._changed:
                self._changed.wait_for(lambda: found <= self._removed, _REMOVED_SECONDS)
        if kept := found - self._removed:
            raise SystemMonitorError(
                f"The broker at {self._broker.masked()} still retains messages of "
                f"{self._host!r} ({len(kept)} of {len(found)}), such as the one on {min(kept)}: "
                "log in as a user that is allowed to publish to the host's topics."
            )
        return found

    def _subscribe(self, bus: BusConnection) -> None:
        for each in (self._filter(), f"{self._devices}#"):
            bus.subscribe(each, AT_LEAST_ONCE)

    def _filter(self) -> str:
        if self._topics.per_host:
            return self._topics.topic(self._host, ALL_CHANNELS)
        return self._topics.everything()

    def _wait_found(self) -> set[str]:
        """Return the topics found, once retained messages stop arriving or after about 30 s."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        with self._changed:
            while time.monotonic() < deadline and self._changed.wait(_QUIET_SECONDS):
                pass
            return set(self._found)

    def _receive(self, message: Message) -> None:
        with self._changed:
            if not message.payload:
                self._removed.add(message.topic)
            elif message.retained and self._is_of_host(message):
                self._found.add(message.topic)
            elif not message.retained:
                return
            self._changed.notify_all()

    def _is_of_host(self, message: Message) -> bool:
        if self._topics.per_host or message.topic.startswith(self._devices):
            return True
        try:
            content = decode(resolve(self._topics, message.topic), message.payload, arrived=0)
        except MalformedMessageError:
            return False
        return content.host == self._host
