"""Passes GPU samples and messages about runs to the ``RunKeeper``, in a separate thread.

The keeper reads the state of processes. This can block, for instance while a process hangs in the
kernel. Because the keeper has its own thread, such a process does not delay the sensors.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, TypeAlias

from telemetry.bus.messages import Message, Publication
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import GPU, GPU_PROCESSES, RUN, family_of
from telemetry.clock import unix_milliseconds
from telemetry.errors import MalformedMessageError
from telemetry.events import MAX_EVENT_BYTES, Event
from telemetry.rate_limit import RateLimit
from telemetry.samples import Sample

if TYPE_CHECKING:
    from collector.runs.keeper import RunKeeper
    from collector.runs.summary import Row

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
_SHARE = 100  # a pause is at least this many times as long as a check of the processes
_MOST_WAITING = 2000
# Any client of the broker can publish to our run topics, so the number of messages is limited. The
# limit must not be too low for a fleet whose topics do not contain the host: there, each collector
# receives the runs of all hosts, for instance 1,000 runs once a minute.
_BURST, _PER_MINUTE = 1000, 3000.0
_STOP_SECONDS = 0.5

_Item: TypeAlias = Sample | Message | None


class RunWatcher:
    """Tracks the runs of ``host``; publishes their states and ends through ``publish``.

    The keeper is created, and its modules are loaded, when the first GPU sample or message about a
    run arrives: a machine without GPUs or runs does not need them.
    """

    def __init__(
        self,
        host: str,
        topics: TopicScheme,
        publish: Callable[[Publication], None],
        connected: Callable[[], bool],
    ) -> None:
        """Start no thread yet; ``connected`` returns whether messages can arrive."""
        self._topics = topics
        self._host = host
        self._send = publish
        self._connected = connected
        self._keeper: RunKeeper | None = None
        self._over: list[str] = []  # topics whose retained state is to be deleted
        self._items: Queue[_Item] = Queue(_MOST_WAITING)
        self._limit = RateLimit(_BURST, _PER_MINUTE)
        self._thread = threading.Thread(target=self._run, name="runs", daemon=True)

    @property
    def topics(self) -> str:
        """The topic filter of this host's runs; matching messages are passed to ``receive``."""
        return self._topics.topic(self._host, RUN.channel_filter)

    @property
    def count(self) -> int:
        """How many runs are tracked."""
        return self._keeper.count if self._keeper else 0

    @property
    def memory(self) -> "Sequence[Row]":
        """The memory of each run's processes, as of the last check."""
        return self._keeper.memory if self._keeper else ()

    def start(self) -> None:
        """Start tracking the runs."""
        self._thread.start()

    def stop(self) -> None:
        """Publish the newest states of the collector's own runs, and stop tracking runs.

        The runs themselves continue. After a restart, the collector tracks them again.
        """
        self._put(None)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def note(self, sample: Sample) -> None:
        """Accept a sample. Never blocks."""
        if family_of(sample.channel) in (GPU, GPU_PROCESSES):
            self._put(sample)

    def receive(self, message: Message) -> None:
        """Accept a message from the broker. Never blocks.

        A message is discarded if it is too large, if it exceeds the rate limit, or if the queue is
        full.
        """
        if len(message.payload) <= MAX_EVENT_BYTES and not self._limit.take():
            self._put(message)

    def _put(self, item: _Item) -> None:
        with suppress(Full):  # the thread hangs; the item is discarded
            self._items.put_nowait(item)

    def _run(self) -> None:
        item = self._items.get()
        if item is None:
            return
        from collector.runs.keeper import RunKeeper  # noqa: PLC0415 - only if it is used

        self._keeper = keeper = RunKeeper(self._host, self._publish, connected=self._connected)
        self._take(keeper, item)
        due = time.monotonic()
        while True:
            # If there is neither a run nor a process on a GPU, there is nothing to check.
            is_active = keeper.active or self._over
            pause = max(0.0, due - time.monotonic()) if is_active else None
            try:
                item = self._items.get(timeout=pause)
            except Empty:
                due = self._step(keeper)
                continue
            if item is None:
                keeper.publish_all()
                return
            self._take(keeper, item)
            if time.monotonic() >= due:
                due = self._step(keeper)

    def _step(self, keeper: "RunKeeper") -> float:
        """Check the processes; return when to check again, in monotonic seconds."""
        began = time.monotonic()
        over, self._over = self._over, []
        for topic in over:
            self._send(Publication(topic, b"", retain=True))
        if keeper.active:
            keeper.step()
        took = time.monotonic() - began
        return time.monotonic() + max(_PAUSE_SECONDS, _SHARE * took)

    def _take(self, keeper: "RunKeeper", item: Sample | Message) -> None:
        if isinstance(item, Sample):
            keeper.note_sample(item)
            return
        event = self._decoded(item)
        if event is None:
            return
        if item.retained and keeper.is_outdated(event):
            self._over.append(item.topic)  # a broker that was killed may have lost the deletion
        else:
            keeper.note_run(event)

    def _decoded(self, message: Message) -> Event | None:
        from telemetry.decoding import decode, resolve  # noqa: PLC0415 - only once there is a run

        if not message.payload:
            return None
        try:
            address = resolve(self._topics, message.topic)
            content = decode(address, message.payload, arrived=unix_milliseconds())
        except MalformedMessageError as error:
            log.debug("A message about a run was discarded: %s", error)
            return None
        return content if isinstance(content, Event) and address.family is RUN else None

    def _publish(self, event: Event) -> None:
        topic = self._topics.topic(self._host, event.channel)
        retain = not event.is_end
        # A newer state may replace a state that has not been sent. Each end must be sent, because
        # the history needs it.
        self._send(Publication(topic, event.payload(), retain=retain, waits=not retain))
        if event.is_end:
            self._over.append(topic)  # deleted at the next step, after the end has been sent
