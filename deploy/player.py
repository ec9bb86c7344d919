"""Publishes the messages of a recording in order, each when it is due."""

import threading
import time
from collections.abc import Iterable, Sequence

from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message, Publication
from telemetry.recording.lines import Entry
from telemetry.recording.replay import Replay
from telemetry.samples import MAX_PAYLOAD_BYTES

_BATCH = 50  # messages sent together; the next follow once all are acknowledged
_POLL_SECONDS = 0.1


class Player:
    """Publishes entries over ``bus``; stops early if ``stopping`` is set.

    Messages are published in batches. If the connection is lost before the broker has acknowledged
    a whole batch, all of it is published again.

    ``played`` is the number of entries processed so far, ``sent`` the number of messages
    acknowledged, and ``too_large`` the number of messages skipped because of their size.
    ``elapsed`` is the position in the recording, in milliseconds. ``delivered`` is set once the
    broker has delivered the first message back to us, which proves that the user may publish. An
    acknowledgement does not prove this: Mosquitto also acknowledges forbidden messages, and then
    discards them.
    """

    def __init__(self, bus: BusConnection, stopping: threading.Event) -> None:
        """Set the callbacks of ``bus``, which must not have started."""
        self._bus = bus
        self._stopping = stopping
        self._changed = threading.Condition()
        self._connections = 0
        self._acknowledged: set[int] = set()
        bus.on_connected = self._note_connection
        bus.on_published = self._note_acknowledgement
        bus.on_message = self._note_delivery
        self.delivered = threading.Event()
        self.played = self.sent = self.too_large = self.elapsed = 0

    def play(self, entries: Iterable[Entry], replay: Replay, speed: float) -> None:
        """Publish the messages that ``replay`` creates from ``entries``, each when it is due."""
        began = time.monotonic()
        batch: list[Publication] = []
        for entry in entries:
            due = began + entry.elapsed / 1000 / speed
            if len(batch) == _BATCH or (batch and due > time.monotonic()):
                self.publish(batch)
                batch = []
            if self._stopping.wait(due - time.monotonic()):
                return
            publication = replay.publication(entry)
            if publication is not None and len(publication.payload) > MAX_PAYLOAD_BYTES:
                self.too_large += 1  # a broker would close the connection at each attempt
            elif publication is not None:
                batch.append(publication)
            self.played += 1
            self.elapsed = entry.elapsed
        self.publish(batch)

    def publish(self, batch: Sequence[Publication], seconds: float | None = None) -> None:
        """Publish ``batch``, and return once the broker has acknowledged all of it.

        Give up after ``seconds``; if ``seconds`` is None, give up only when ``stopping`` is set.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while batch and not self._is_over(deadline):
            if not self._bus.wait_connected(_POLL_SECONDS):
                continue
            if not self.sent:
                self._bus.subscribe(batch[0].topic, AT_LEAST_ONCE)
            with self._changed:
                connection = self._connections
                self._acknowledged.clear()
            identifiers = self._bus.publish_all(batch)
            while not self._is_over(deadline):
                with self._changed:
                    if connection != self._connections:
                        break
                    if identifiers <= self._acknowledged:
                        self.sent += len(batch)
                        return
                    self._changed.wait(_POLL_SECONDS)

    def _is_over(self, deadline: float | None) -> bool:
        if deadline is not None:
            return time.monotonic() > deadline
        return self._stopping.is_set()

    def _note_delivery(self, message: Message) -> None:
        if not message.retained and not self.delivered.is_set():  # retained ones are older
            self.delivered.set()
            self._bus.unsubscribe(message.topic)

    def _note_connection(self) -> None:
        with self._changed:
            self._connections += 1
            self._changed.notify_all()

    def _note_acknowledgement(self, identifier: int) -> None:
        with self._changed:
            self._acknowledged.add(identifier)
            self._changed.notify_all()
