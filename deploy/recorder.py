"""Writes the messages of the bus as lines of a recording."""

import secrets
import threading
from collections.abc import Callable

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import CHANNEL_FILTERS
from telemetry.decoding import resolve
from telemetry.errors import MalformedMessageError
from telemetry.recording.lines import line_of


class Recorder:
    """Passes each message on a System Monitor channel to ``write``, as one line.

    ``messages`` and ``size`` (in bytes) count what was written. If ``write`` raises an OSError,
    nothing more is written: the error is in ``failure``, and ``stopping`` is set.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        topics: TopicScheme,
        write: Callable[[bytes], object],
        stopping: threading.Event,
    ) -> None:
        """Prepare ``bus``; the caller starts it."""
        self._topics = topics
        self._write = write
        self._stopping = stopping
        self.bus = BusConnection(broker, f"sm-record-{secrets.token_hex(6)}")
        self.bus.on_connected = self._subscribe
        self.bus.on_message = self._receive
        self.messages = self.size = 0
        self.failure: OSError | None = None

    def _subscribe(self) -> None:
        for each in CHANNEL_FILTERS:
            self.bus.subscribe(self._topics.of_every_host(each), AT_LEAST_ONCE)

    def _receive(self, message: Message) -> None:
        if self.failure is not None:
            return
        try:
            resolve(self._topics, message.topic)
            line = line_of(message.topic, message.payload)
            self._write(line)
        except MalformedMessageError:  # the topic matches a filter but is not ours
            return
        except OSError as error:
            self.failure = error
            self._stopping.set()
            return
        self.messages += 1
        self.size += len(line)
