"""Publishes messages, and queues them while the broker is away."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.samples import MAX_PAYLOAD_BYTES

log = logging.getLogger(__name__)

_IN_FLIGHT = 50  # sent and not yet acknowledged
_BUFFER_BYTES = 64 * 1024 * 1024  # an hour of eight GPUs and 256 cores is about 20 MiB
_FAREWELL_SECONDS = 0.5
# The sensors finish within milliseconds of each other. Sent as one burst, their samples wake each
# part of the pipeline once per tick; sent one by one, they would wake it once per channel.
_GATHER_SECONDS = 0.02
# A broker that restarted may also have lost the ingester's session. Messages sent before the
# ingester subscribes again would be lost. It tries to connect at least once a second.
_SETTLE_SECONDS = 2.0
# The broker may also have died before it delivered a sample, or while the ingester restarted. So
# the messages of the last seconds are sent again; the history overwrites duplicates.
_REPEATED_SECONDS = 10.0


class _Item(NamedTuple):
    taken: float  # monotonic time
    publication: Publication

    @property
    def size(self) -> int:
        return len(self.publication.payload)


class Publisher:
    """Publishes messages in the order in which it receives them.

    While the broker is away, messages wait in a buffer that covers ``window`` milliseconds; the
    oldest are evicted and counted in ``dropped``. While another client uses our name, nothing is
    buffered: it would mix with that client's messages.

    A broker that restarted may have lost its retained messages. So each connection starts with the
    status and the newest retained message of each topic. An empty payload, which deletes a retained
    message, is sent once. If the broker has lost the session, all messages of the last seconds
    follow.

    One thread sends everything; the others only queue messages for it. ``taken`` counts the
    messages received from callers, ``sent`` those published, including repeats.
    """

    def __init__(self, bus: BusConnection, window: int, status: Callable[[], Publication]) -> None:
        """Send over ``bus``; ``status`` returns the message that each connection starts with."""
        self._bus = bus
        self._window_seconds = window / 1000
        self._status = status
        self._changed = threading.Condition()
        self._waiting: deque[_Item] = deque()
        self._waiting_bytes = 0
        self._sent: deque[_Item] = deque()  # not acknowledged yet, or sent in the last seconds
        self._newest: dict[str, Publication] = {}
        self._unacknowledged = 0
        self._status_due = False
        self._greeting_due: float | None = None  # when, in monotonic time
        self._forgotten = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, name="publisher", daemon=True)
        self.taken = 0
        self.sent = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many messages have not been sent yet."""
        return len(self._waiting)

    @property
    def reconnects(self) -> int:
        """How many connections to the broker were made after the first."""
        return self._bus.reconnects

    @property
    def outage(self) -> str | None:
        """Why nothing can be published, in a sentence; None while the broker is usable."""
        return self._bus.outage

    def start(self) -> None:
        """Connect and start to send."""
        self._bus.on_connected = self._greet
        self._bus.on_published = self._count_acknowledgement
        self._bus.start()
        self._thread.start()

    def stop(self) -> None:
        """Send the queue and the status if the broker accepts them at once; then disconnect."""
        with self._changed:
            self._stopping.set()
            self._status_due = True
            self._changed.notify_all()
        if self._thread.is_alive() and self._bus.connected and not self._bus.displaced:
            with self._changed:
                self._changed.wait_for(self._all_sent, _FAREWELL_SECONDS)
        if self._waiting:
            log.warning("%d messages were not sent to the broker and are lost.", len(self._waiting))
        self._bus.stop()

    def publish(self, publication: Publication) -> None:
        """Queue a message. Never blocks, never raises."""
        self.taken += 1
        topic, size = publication.topic, len(publication.payload)
        if size > MAX_PAYLOAD_BYTES:  # a broker would close the connection, again and again
            self.dropped += 1
            log.error("A message on %s is too large and was discarded: %d bytes.", topic, size)
            return
        with self._changed:
            if publication.retain:
                self._newest[topic] = publication
            if self._bus.displaced:
                self._discard_waiting()
                self.dropped += 1
                return
            if not self._bus.connected and not publication.waits:
                return  # the next connection starts with the newest
            now = time.monotonic()
            self._waiting.append(_Item(now, publication))
            self._waiting_bytes += size
            while (
                self._waiting_bytes > _BUFFER_BYTES
                or self._waiting[0].taken < now - self._window_seconds
            ):
                self._waiting_bytes -= self._waiting.popleft().size
                self.dropped += 1
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def publish_status(self) -> None:
        """Send the status soon. Never blocks."""
        with self._changed:
            self._status_due = True
            self._changed.notify_all()

    def _discard_waiting(self) -> None:
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0

    def _greet(self) -> None:
        with self._changed:
            self._forgotten = self._bus.connections > 1 and not self._bus.session_present
            self._greeting_due = time.monotonic() + (_SETTLE_SECONDS if self._forgotten else 0)
            self._changed.notify_all()

    def _count_acknowledgement(self) -> None:
        with self._changed:
            self._unacknowledged -= 1
            if self._waiting or self._greeting_due is not None or self._stopping.is_set():
                self._changed.notify_all()

    def _all_sent(self) -> bool:
        return not (self._waiting or self._status_due or self._unacknowledged)

    def _send(self) -> None:
        while True:
            with self._changed:
                while not self._may_send():
                    if self._stopping.is_set() and self._all_sent():
                        return
                    self._changed.wait(self._pause())
            self._stopping.wait(_GATHER_SECONDS)
            with self._changed:
                messages = self._take()
                self._unacknowledged += len(messages)
            # Outside the lock: paho's callbacks hold paho's lock while they wait for ours.
            for message in messages:
                self._bus.publish(message)

    def _may_send(self) -> bool:
        if self._bus.displaced or not self._bus.connected:
            return False
        if self._greeting_due is not None:
            return not self._unacknowledged and time.monotonic() >= self._greeting_due
        return self._status_due or bool(self._waiting and self._unacknowledged < _IN_FLIGHT)

    def _pause(self) -> float | None:
        if self._greeting_due is None or not self._bus.connected:
            return None
        # paho sends the messages in flight again; their acknowledgements wake this thread.
        remaining = self._greeting_due - time.monotonic()
        return remaining if remaining > 0 else None

    def _take(self) -> list[Publication]:
        """Remove and return the messages that may be sent now."""
        if not self._may_send():
            return []
        if self._greeting_due is not None:
            self._greeting_due = None
            self._status_due = False
            if self._forgotten:
                self._send_again()
            still_waiting = {item.publication.topic for item in self._waiting}
            newest = [each for each in self._newest.values() if each.topic not in still_waiting]
            self._forget_deletions(newest)
            return [self._status(), *newest]
        messages: list[Publication] = []
        while self._waiting and self._unacknowledged + len(messages) < _IN_FLIGHT:
            item = self._waiting.popleft()
            self._waiting_bytes -= item.size
            self._sent.append(item)
            self.sent += 1
            messages.append(item.publication)
        self._forget_deletions(messages)
        if self._status_due:  # last, so that its count of waiting messages excludes these
            self._status_due = False
            messages.append(self._status())
        self._forget_what_is_safe(self._unacknowledged + len(messages))
        return messages

    def _send_again(self) -> None:
        self._waiting.extendleft(reversed(self._sent))
        self._waiting_bytes += sum(item.size for item in self._sent)
        self._sent.clear()

    def _forget_deletions(self, sent: Iterable[Publication]) -> None:
        for each in sent:
            if not each.payload and self._newest.get(each.topic) is each:
                del self._newest[each.topic]

    def _forget_what_is_safe(self, unacknowledged: int) -> None:
        limit = time.monotonic() - _REPEATED_SECONDS
        while len(self._sent) > unacknowledged and self._sent[0].taken < limit:
            self._sent.popleft()
