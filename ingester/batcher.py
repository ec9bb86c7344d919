"""Collects deliveries into batches, writes them, and acknowledges only what is stored."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ingester.storage import Storage
from telemetry.bus.messages import Message
from telemetry.history.port import HistoryWriter, Record

_BATCH_SIZE = 500
_BATCH_SECONDS = 0.5  # with the time to write it, no sample waits for more than a second
# A broker sends no more than some hundred messages that are not acknowledged: more will not come.
_QUIET_SECONDS = 0.05
_CAPACITY = 20_000  # an hour of eleven channels, about 20 MB
_STOP_SECONDS = 1.0


class Delivery(NamedTuple):
    """A message to acknowledge, once the sample that it held is stored.

    A message that held none waits for its turn all the same: acknowledgements must go out in the
    order in which the messages came (MQTT 3.1.1, section 4.6), else rumqttd ends the connection.
    ``received`` is in monotonic seconds.
    """

    record: Record | None
    message: Message
    received: float


class Batcher:
    """Writes deliveries to ``history`` from one thread, in batches bounded in size and age.

    While the store does not answer, deliveries wait here, unacknowledged, up to a bound. Beyond it
    they are the broker's: counted in ``deferred``, and ``ask_again`` is called once the store is
    back. ``delay`` is how many seconds the newest batch's first delivery has waited to be stored.
    """

    def __init__(
        self,
        history: HistoryWriter,
        acknowledge: Callable[[Message], None],
        ask_again: Callable[[], None],
    ) -> None:
        """Prepare the thread; nothing is opened before ``start``."""
        self._acknowledge = acknowledge
        self._ask_again = ask_again
        self._pending: deque[Delivery] = deque()
        self._taken = 0
        self._changed = threading.Condition()
        self._some_deferred = False
        self._stopping = threading.Event()
        self.storage = Storage(history, self._stopping)
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self.deferred = 0
        self.delay = 0.0

    @property
    def waiting(self) -> int:
        """How many deliveries are here, not yet acknowledged."""
        return len(self._pending) + self._taken

    def start(self) -> None:
        """Open the history and begin to write, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is pending, if the store takes it at once; the rest stays the broker's."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(_STOP_SECONDS)
        if not self._thread.is_alive():
            self.storage.close()

    def add(self, delivery: Delivery) -> None:
        """Take ``delivery`` for the next batch. Never blocks."""
        with self._changed:
            if len(self._pending) >= _CAPACITY:
                self.deferred += 1
                self._some_deferred = True
                return
            self._pending.append(delivery)
            if len(self._pending) in (1, _BATCH_SIZE):
                self._changed.notify_all()

    def _run(self) -> None:
        while batch := self._next_batch():
            if not self.storage.store([each.record for each in batch if each.record is not None]):
                return
            for delivery in batch:
                self._acknowledge(delivery.message)
            self.delay = time.monotonic() - batch[0].received
            self._taken = 0
            if self._some_deferred:
                self._some_deferred = False
                self._ask_again()

    def _next_batch(self) -> list[Delivery]:
        """Return the next batch: full, old enough, or followed by nothing; empty means stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._stopping.is_set())
            deadline = time.monotonic() + _BATCH_SECONDS
            while len(self._pending) < _BATCH_SIZE and not self._stopping.is_set():
                waiting = len(self._pending)
                self._changed.wait(_QUIET_SECONDS)
                if len(self._pending) == waiting or time.monotonic() >= deadline:
                    break
            self._taken = min(len(self._pending), _BATCH_SIZE)
            return [self._pending.popleft() for _ in range(self._taken)]
