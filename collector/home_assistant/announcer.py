"""Publishes Home Assistant's discovery messages over a separate connection to the broker."""

import json
import secrets
import threading
from typing import TYPE_CHECKING, Any

from collector.home_assistant.discovery import (
    BIRTH_TOPIC,
    Key,
    Source,
    component_id,
    device_of,
    message,
    present_fields,
)
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message, Publication
from telemetry.catalogue import family_of
from telemetry.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping


class Announcer:
    """Announces the devices of a machine to Home Assistant.

    Each device has one retained discovery message. The message has a component for each field that
    Home Assistant shows, once the field has had a value. So a field keeps its component even while
    its value is null. The message is published when such a field first has a value, when a channel
    of the device is gone, each time this client connects to the broker, and when Home Assistant
    starts. When all channels of a device are gone, a message with an empty payload removes the
    device.
    """

    def __init__(self, broker: BrokerAddress, source: Source) -> None:
        """Publish nothing yet: ``start`` connects to the broker."""
        self._source = source
        self._bus = BusConnection(broker, f"sm-ha-{secrets.token_hex(8)}")
        self._bus.on_connected = self._connect
        self._bus.on_message = self._receive
        self._lock = threading.Lock()  # samples come from the sensors' threads
        # By device and channel: the fields that have had a value.
        self._found: dict[Key, dict[str, frozenset[str]]] = {}
        self._texts: dict[Key, Mapping[str, Any]] = {}
        # By device: components that earlier messages contained and whose channels are gone.
        self._removed: dict[Key, set[str]] = {}

    def start(self) -> None:
        """Connect in the background."""
        self._bus.start()

    def stop(self) -> None:
        """Disconnect.

        The devices stay in Home Assistant; the collector's status `offline` makes them unavailable.
        """
        self._bus.stop()

    def note(self, sample: Sample) -> None:
        """Announce the fields of ``sample`` that have a value for the first time. Never blocks."""
        family = family_of(sample.channel)
        if family is None:
            return
        device = device_of(sample.channel)
        with self._lock:
            channels = self._found.setdefault(device, {})
            known = channels.get(sample.channel, frozenset())
            present = present_fields(family, sample.values)
            if present <= known:
                return
            channels[sample.channel] = known | present
            if family.name == "gpu":
                self._texts[device] = sample.values
            self._publish(device)

    def forget(self, channel: str) -> None:
        """Remove the components of ``channel``, and the device once it has no channel left."""
        device = device_of(channel)
        with self._lock:
            names = self._found.get(device, {}).pop(channel, frozenset())
            self._removed.setdefault(device, set()).update(
                component_id(channel, name) for name in names
            )
            if names:
                self._publish(device)

    def _connect(self) -> None:
        self._bus.subscribe(BIRTH_TOPIC, AT_LEAST_ONCE)
        self._publish_all()

    def _receive(self, received: Message) -> None:
        if received.payload == b"online":
            self._publish_all()

    def _publish_all(self) -> None:
        with self._lock:
            for device in self._found:
                self._publish(device)

    def _publish(self, device: Key) -> None:
        """Publish the message of ``device``; while disconnected, leave this to ``_connect``."""
        if not self._bus.connected:
            return
        found = self._found[device]
        payload = b""
        if found:
            texts, removed = self._texts.get(device, {}), self._removed.get(device, ())
            body = message(self._source, device, found, texts, removed)
            payload = json.dumps(body, separators=(",", ":")).encode()
        self._bus.publish(Publication(self._source.topic(device), payload, retain=True))
