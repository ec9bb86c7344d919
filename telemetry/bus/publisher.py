"""Publishes messages, and queues them while the broker is unavailable."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from telemetry.bus.acknowledged import Acknowledged
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.bus.queued import Queued
from telemetry.samples import MAX_PAYLOAD_BYTES, late

log = logging.getLogger(__name__)

_BATCH = 50  # messages sent together; the next batch follows once all are acknowledged
_BUFFER_BYTES = 64 * 1024 * 1024  # an hour of samples of eight GPUs and 256 cores is about 20 MiB
_FAREWELL_SECONDS = 0.5
# A broker that restarted may also have lost the ingester's session. Such a broker discards messages
# until the ingester subscribes again. The ingester tries to connect at least once a second.
_SETTLE_SECONDS = 2.0


class Publisher:
    """Publishes the newest message of each retained topic first, then other messages in order.

    So a subscriber receives the current state first. If several messages of a retained topic are
    queued, only the history needs the older ones. These are marked as *late*, and not retained;
    those with ``waits`` set to False are discarded instead. While the broker is down, a buffer
    holds the messages of the last ``window`` milliseconds, up to 64 MiB; older messages are evicted
    and counted in ``dropped``. While another client with the same name is connected (see Tenure),
    messages are discarded, so that the messages of the two clients do not mix.

    A broker that restarted may have lost its retained messages. So on each connection, the status
    and the newest message of each retained topic are sent first. Older unacknowledged messages
    follow, as do those that the broker acknowledged in the last 10 s before it failed. All
    these older messages, except events, are marked as late. The history overwrites duplicates.

    A message with an empty payload deletes the retained message of its topic. Such a message is
    sent after its topic's unretained messages: for example, the end of a run is sent before the
    run's retained message is deleted. An acknowledged deletion is not sent again.

    One thread sends everything. Other threads only queue messages, and then call ``flush``. So
    samples that were taken together are sent as one burst, which wakes each part of the pipeline
    only once, not once per channel. ``taken`` counts the messages passed to ``publish``. ``sent``
    counts the sent messages, including repeats, but not the status.
    """

    def __init__(
        self,
        bus: BusConnection,
        window: int,
        status: Callable[[], Publication] | None = None,
        on_connected: Callable[[], None] | None = None,
    ) -> None:
        """Send over ``bus``; on each connection, call ``on_connected``, then send ``status()``."""
        self._bus = bus
        self._on_connected = on_connected
        self._window_seconds = window / 1000
        self._status = status
        self._changed = threading.Condition()
        self._newest: dict[str, Queued] = {}  # of each retained topic
        self._unsent: dict[str, None] = {}  # the topics whose newest message is not sent yet
        self._waiting: deque[Queued] = deque()  # overtaken or not retained messages
        self._waiting_bytes = 0
        self._batch: list[Queued] = []
        self._unacknowledged: set[int] | None = set()  # of the batch; None while the batch is sent
        self._acknowledged: set[int] = set()
        self._sent = Acknowledged()
        self._status_due = False
        self._flushed = False
        self._greeting_due: float | None = None  # when to send the newest messages; monotonic
        self._greeted = 0  # the newest connection for which that has been done
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, name="publisher", daemon=True)
        self.taken = 0
        self.sent = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many messages have not been sent yet."""
        return len(self._waiting) + len(self._unsent)

    @property
    def reconnects(self) -> int:
        """How many times the publisher has reconnected to the broker."""
        return self._bus.reconnects

    @property
    def outage(self) -> str | None:
        """A sentence that states why nothing can be published; None while the broker is usable."""
        return self._bus.outage

    def start(self) -> None:
        """Connect and start sending."""
        self._bus.on_connected = self._greet
        self._bus.on_published = self._note_acknowledgement
        self._bus.start()
        self._thread.start()

    def stop(self, seconds: float = _FAREWELL_SECONDS) -> bool:
        """Send the queue and the status within ``seconds``, then disconnect.

        Return whether the broker has acknowledged everything.
        """
        with self._changed:
            self._stopping.set()
            self._status_due = True
            self._changed.notify_all()
        all_sent = False
        if self._thread.is_alive() and self._bus.connected and not self._bus.displaced:
            with self._changed:
                all_sent = self._changed.wait_for(self._all_sent, seconds)
        if self.waiting:
            log.warning("Messages lost because they were not sent to the broker: %d.", self.waiting)
        self._bus.stop()
        return all_sent

    def publish(self, publication: Publication) -> None:
        """Queue a message; ``flush`` sends it. Never blocks, never raises."""
        self.taken += 1
        topic, size = publication.topic, len(late(publication.payload))
        if size > MAX_PAYLOAD_BYTES:  # a broker would close each connection that sends it
            self.dropped += 1
            log.error("A message to %s is too large and was discarded: %d bytes.", topic, size)
            return
        with self._changed:
            item = Queued(time.monotonic(), publication)
            if self._bus.displaced:
                if publication.retain:
                    self._newest[topic] = item
                self._discard_waiting()
                self.dropped += 1
                return
            if publication.retain:
                self._overtake(topic, item)
            else:
                self._append(item)

    def publish_status(self) -> None:
        """Send the status soon. Never blocks."""
        with self._changed:
            self._status_due = True
            self._changed.notify_all()

    def flush(self) -> None:
        """Send the queued messages soon. Never blocks."""
        with self._changed:
            is_greeted = self._bus.connections == self._greeted
            if is_greeted and self._bus.connected and self._all_acknowledged():
                self._sent.expire()
            if self.waiting:
                self._flushed = True
                if self._may_send():  # whether it is displaced depends on the time
                    self._changed.notify_all()

    def _overtake(self, topic: str, item: Queued) -> None:
        """Make ``item`` the newest message of ``topic``."""
        older = self._newest.get(topic)
        self._newest[topic] = item
        if older is not None and topic in self._unsent and older.for_history:
            self._append(older)
            if item.deletes:
                self._move_before_end(topic)
        self._unsent[topic] = None

    def _move_before_end(self, topic: str) -> None:
        """Move the last queued message of a run or finding before the message about its end."""
        for index, item in enumerate(self._waiting):
            if item.publication.topic == topic and not item.publication.retain:
                self._waiting.insert(index, self._waiting.pop())
                return

    def _append(self, item: Queued) -> None:
        self._waiting.append(item)
        self._waiting_bytes += item.size
        earliest = time.monotonic() - self._window_seconds
        while self._waiting and (
            self._waiting_bytes > _BUFFER_BYTES or self._waiting[0].taken < earliest
        ):
            self._waiting_bytes -= self._waiting.popleft().size
            self.dropped += 1

    def _discard_waiting(self) -> None:
        self.dropped += self.waiting
        self._unsent.clear()
        self._waiting.clear()
        self._waiting_bytes = 0
        self._sent = Acknowledged()

    def _greet(self) -> None:
        if self._on_connected is not None:
            self._on_connected()
        with self._changed:
            forgotten = self._bus.connections > 1 and not self._bus.session_present
            self._greeting_due = time.monotonic() + (_SETTLE_SECONDS if forgotten else 0)
            self._requeue(self._batch)  # the previous connection ended before its acknowledgement
            self._batch = []
            self._unacknowledged = set()
            self._changed.notify_all()

    def _note_acknowledgement(self, identifier: int) -> None:
        with self._changed:
            self._acknowledged.add(identifier)
            # Do not wake the thread if it has nothing to send, which is the usual case.
            if self._all_acknowledged() and (self._may_send() or self._stopping.is_set()):
                self._changed.notify_all()

    def _all_acknowledged(self) -> bool:
        return self._unacknowledged is not None and self._unacknowledged <= self._acknowledged

    def _all_sent(self) -> bool:
        return not (self.waiting or self._status_due) and self._all_acknowledged()

    def _send(self) -> None:
        while True:
            with self._changed:
                while not self._may_send():
                    if self._stopping.is_set() and self._all_sent():
                        return
                    self._changed.wait(self._pause())
                messages = self._take()
            # Outside the lock: paho's callbacks hold paho's lock while they wait for ours.
            identifiers = self._bus.publish_all(messages)
            with self._changed:
                if self._unacknowledged is None:  # otherwise, there is a new connection already
                    self._unacknowledged = identifiers
                if self._all_acknowledged():
                    self._changed.notify_all()

    def _may_send(self) -> bool:
        if self._bus.displaced or not self._bus.connected or not self._all_acknowledged():
            return False
        if self._greeting_due is not None:
            return time.monotonic() >= self._greeting_due
        return self._status_due or (self._flushed and self.waiting > 0)

    def _pause(self) -> float | None:
        if self._greeting_due is None or not self._bus.connected:
            return None
        remaining = self._greeting_due - time.monotonic()
        return remaining if remaining > 0 else None

    def _take(self) -> list[Publication]:
        """Remove and return the queued messages that may be sent now."""
        if not self._may_send():
            return []
        self._keep_sent()
        greets = self._greeting_due is not None
        if greets:
            self._greeting_due = None
            self._greeted = self._bus.connections
            self._unsent = dict.fromkeys(self._newest)
            self._requeue(self._sent.recent(self._newest))
        messages: list[Publication] = []
        for topic in [each for each in self._unsent if not self._is_early(each)][:_BATCH]:
            del self._unsent[topic]
            self._batch.append(self._newest[topic])
            messages.append(self._newest[topic].publication)
        while self._waiting and len(messages) < _BATCH:
            item = self._waiting.popleft()
            self._waiting_bytes -= item.size
            self._batch.append(item)
            messages.append(item.as_past())
        self.sent += len(messages)
        self._unacknowledged = None
        self._acknowledged.clear()
        if self._status and greets:
            messages.insert(0, self._status())
        elif self._status and self._status_due:  # last, so these messages do not count as waiting
            messages.append(self._status())
        self._status_due = False
        self._flushed = self.waiting > 0
        return messages

    def _is_early(self, topic: str) -> bool:
        """Return whether ``topic`` has messages to send before its retained message is deleted."""
        ends = (item.publication.topic for item in self._waiting if not item.publication.retain)
        return self._newest[topic].deletes and topic in ends

    def _keep_sent(self) -> None:
        if self._batch:  # the broker has just acknowledged it, so the broker is available
            self._sent.add(self._batch)
            self._sent.expire()
        for item in self._batch:
            if item.deletes and self._newest.get(item.publication.topic) is item:
                del self._newest[item.publication.topic]
        self._batch = []

    def _requeue(self, items: list[Queued]) -> None:
        """Put ``items`` back in the queue, except those that a newer message makes unnecessary."""
        for item in reversed(items):
            topic = item.publication.topic
            if item is self._newest.get(topic):
                self._unsent[topic] = None
            elif item.for_history:
                self._waiting.appendleft(item)
                self._waiting_bytes += item.size
