"""Writes received messages to the history in batches, and acknowledges each stored batch."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ingester.storage import Storage
from telemetry.bus.messages import Message
from telemetry.history.port import HistoryWriter, Record

_BATCH_SIZE = 500
# A broker stops sending at its in-flight limit, which is 100 messages for rumqttd. So a batch of
# that size is written at once.
_ENOUGH = 100
_BATCH_SECONDS = 0.5  # plus the time to write: a sample is stored within a second
# A broker with a lower in-flight limit, such as Mosquitto's default of 20 messages, falls silent at
# that limit. So a batch is also written once no message has arrived for this long.
_QUIET_SECONDS = 0.05
# Far more than the messages within a broker's in-flight limit take. QoS 0 messages have no such
# limit.
_CAPACITY_BYTES = 16 * 1024 * 1024
_OVERHEAD_BYTES = 1024  # memory for a message besides its payload
_STOP_SECONDS = 1.0
_MINUTES_SECONDS = 60.0  # between roll-ups


class Delivery(NamedTuple):
    """A received message and its record; ``record`` is None if there is nothing to store.

    A message without a record also waits for its turn, because acknowledgements must be sent in the
    order in which the messages arrived (MQTT 3.1.1, section 4.6). If they are not, rumqttd closes
    the connection. ``received`` is the time of arrival in monotonic seconds.
    """

    record: Record | None
    message: Message
    received: float

    @property
    def size(self) -> int:
        """The approximate size of the message in memory, in bytes."""
        return len(self.message.payload) + _OVERHEAD_BYTES


class Batcher:
    """Writes deliveries to ``history`` from one thread, in batches limited in size and age.

    While the store does not respond, unacknowledged deliveries wait in a queue. The broker's
    in-flight limit bounds their number. But QoS 0 messages, or messages from a broker without an
    in-flight limit, can fill the queue, which holds ``_CAPACITY_BYTES``. ``add`` then blocks, so no
    more messages are read from the connection. Once a batch is stored, ``delay`` is set to the
    number of seconds since its first delivery arrived.
    """

    def __init__(
        self, history: HistoryWriter, acknowledge: Callable[[Sequence[Message]], None]
    ) -> None:
        """Prepare the thread; nothing is opened before ``start``."""
        self._acknowledge = acknowledge
        self._pending: deque[Delivery] = deque()
        self._taken = 0
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self.storage = Storage(history, self._stopping)
        self._next_roll_up = time.monotonic() + _MINUTES_SECONDS
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self.delay = 0.0

    @property
    def waiting(self) -> int:
        """How many deliveries have not been acknowledged yet."""
        return len(self._pending) + self._taken

    def start(self) -> None:
        """In the background, open the history and start writing."""
        self._thread.start()

    def stop(self) -> None:
        """Write pending deliveries, but do not retry: the broker keeps unacknowledged messages."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        self._thread.join(_STOP_SECONDS)
        if not self._thread.is_alive():
            self.storage.close()

    def add(self, delivery: Delivery) -> None:
        """Add ``delivery`` to the queue, blocking while the queue is full."""
        with self._changed:
            if self._bytes >= _CAPACITY_BYTES:
                self._changed.wait_for(self._has_room)
            if self._stopping.is_set():
                return
            self._pending.append(delivery)
            self._bytes += delivery.size
            if len(self._pending) in (1, _ENOUGH):
                self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._bytes < _CAPACITY_BYTES or self._stopping.is_set()

    def _run(self) -> None:
        if not self.storage.open():
            return
        while not self._stopping.is_set() or self._pending:
            batch = self._next_batch()
            if not self.storage.store([each.record for each in batch if each.record is not None]):
                return
            if batch:
                self._acknowledge([each.message for each in batch])
                self.delay = time.monotonic() - batch[0].received
            with self._changed:
                self._taken = 0
                self._bytes -= sum(each.size for each in batch)
                self._changed.notify_all()
            self._roll_up()

    def _roll_up(self) -> None:
        """Compute some of the one-minute points that are due; later calls compute the rest."""
        now = time.monotonic()
        if now >= self._next_roll_up and not self._stopping.is_set():
            self._next_roll_up = now + (0 if self.storage.roll_up() else _MINUTES_SECONDS)

    def _next_batch(self) -> list[Delivery]:
        """Wait for the next batch, and return it.

        The batch is complete once it is large enough, has waited long enough, or has received no
        message for a moment. If no message arrives before the thread must stop or compute
        one-minute points, the batch is empty.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._pending or self._stopping.is_set(),
                max(0.0, self._next_roll_up - time.monotonic()),
            )
            if not self._pending:
                return []
            deadline = time.monotonic() + _BATCH_SECONDS
            while len(self._pending) < _ENOUGH and not self._stopping.is_set():
                waiting = len(self._pending)
                self._changed.wait(_QUIET_SECONDS)
                if len(self._pending) == waiting or time.monotonic() >= deadline:
                    break
            self._taken = min(len(self._pending), _BATCH_SIZE)
            return [self._pending.popleft() for _ in range(self._taken)]
