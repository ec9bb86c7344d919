"""Collects deliveries into batches, writes them, and acknowledges only what is stored."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from telemetry.bus import Message
from telemetry.errors import HistoryError, HistoryRejected
from telemetry.history.port import HistoryWriter
from telemetry.samples import Sample

log = logging.getLogger(__name__)

_BATCH_SIZE = 500
_BATCH_SECONDS = 0.5  # with the time to write it, no sample waits for more than a second
_CAPACITY = 20_000  # an hour of eleven channels, about 20 MB
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STOP_SECONDS = 1.0


class Delivery(NamedTuple):
    """A message to acknowledge, once the sample that it held is stored.

    A message that held none waits for its turn all the same: acknowledgements must go out in the
    order in which the messages came (MQTT 3.1.1, section 4.6), else rumqttd ends the connection.
    """

    sample: Sample | None
    message: Message


class Batcher:
    """Writes deliveries to ``history`` from one thread, in batches bounded in size and age.

    While the store does not answer, deliveries wait here, unacknowledged, up to a bound. Beyond it
    they are the broker's: counted in ``deferred``, and ``ask_again`` is called once the store is
    back. A batch that the store refuses is written sample by sample, so that one bad sample does
    not block the rest; what is refused alone is counted in ``rejected`` and let go.
    """

    def __init__(
        self,
        history: HistoryWriter,
        acknowledge: Callable[[Message], None],
        ask_again: Callable[[], None],
    ) -> None:
        """Prepare the thread; nothing is opened before ``start``."""
        self._history = history
        self._acknowledge = acknowledge
        self._ask_again = ask_again
        self._pending: deque[Delivery] = deque()
        self._changed = threading.Condition()
        self._opened = False
        self._some_deferred = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self.written = 0
        self.rejected = 0
        self.deferred = 0

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
            self._history.close()

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
            if not self._store_with_patience(batch):
                return
            for delivery in batch:
                self._acknowledge(delivery.message)
            if self._some_deferred:
                self._some_deferred = False
                self._ask_again()

    def _next_batch(self) -> list[Delivery]:
        """Return the next batch once it is full or old enough; an empty one means stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._stopping.is_set())
            self._changed.wait_for(
                lambda: len(self._pending) >= _BATCH_SIZE or self._stopping.is_set(), _BATCH_SECONDS
            )
            size = min(len(self._pending), _BATCH_SIZE)
            return [self._pending.popleft() for _ in range(size)]

    def _store_with_patience(self, batch: Sequence[Delivery]) -> bool:
        """Store ``batch``, trying again as long as it takes; False if stopped before that."""
        samples = [delivery.sample for delivery in batch if delivery.sample is not None]
        if not samples:
            return True
        pause = _FIRST_PAUSE_SECONDS
        failing_since: float | None = None
        while True:
            try:
                self._store(samples)
            except Exception as error:  # noqa: BLE001 - no sample may be lost with it
                if failing_since is None:
                    failing_since = time.monotonic()
                    log.warning("%s The samples wait; trying again.", _sentence(error))
                jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the ingesters' attempts
                if self._stopping.wait(jitter * pause):
                    return False
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                if failing_since is not None:
                    seconds = time.monotonic() - failing_since
                    log.info("The history takes samples again after %.0f s.", seconds)
                return True

    def _store(self, samples: Sequence[Sample]) -> None:
        if not self._opened:
            self._history.open()
            self._opened = True
        try:
            self._history.write(samples)
            self.written += len(samples)
        except HistoryRejected as error:
            if len(samples) > 1:
                for sample in samples:
                    self._store([sample])
                return
            self.rejected += 1
            channel = samples[0].channel
            log.error("The history refuses a sample of %s: %s", channel, error)  # noqa: TRY400


def _sentence(error: Exception) -> str:
    if isinstance(error, HistoryError):
        return str(error)
    return f"The history cannot be written ({type(error).__name__}: {error})."
