"""The ingester: stores samples and events from the bus in the history."""

import time
from collections.abc import Mapping

from ingester.admission import Admission
from ingester.batcher import Batcher, Delivery
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STORED_FILTERS, Retention
from telemetry.clock import unix_milliseconds
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from telemetry.history.port import HistoryWriter, Record
from telemetry.limits import Limits
from telemetry.reports import Report, counter, gauge
from telemetry.status import CollectorStatus
from telemetry.tally import Tally

_LONGEST_PAUSE_SECONDS = 1.0  # the publisher relies on this limit after a broker restart

_MALFORMED = "Messages that are not valid, or that exceed a limit"
_RECEIVED = "Valid samples and events that the broker delivered"
_STORED = "Samples and events that the history stored"
_REJECTED = "Samples and events that the history rejected"
_OUTSIDE = "Samples and events discarded because they were too old, or too far in the future"
_EVICTED = "Stored samples, one-minute points and events deleted early: the history was full"
_DELAY = "Time from the arrival of the newest batch's first message until the batch was stored"


class Ingester:
    """Stores each sample and event that the broker delivers, and only then acknowledges it.

    The MQTT session is persistent: while the ingester is offline, the broker queues messages for
    it. Ingesters with the same ``group`` share the messages among themselves. Messages that are
    invalid or exceed a limit are counted by reason in ``malformed``, acknowledged and
    discarded. Some valid messages are also acknowledged but not stored: a collector's status; a
    message of a channel that the history does not keep; an empty payload, which deletes a retained
    message; and a message whose timestamp is too old, or too far in the future, for the history.
    """

    def __init__(
        self,
        history: HistoryWriter,
        broker: BrokerAddress,
        topics: TopicScheme,
        *,
        name: str,
        group: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Start nothing yet; ``name`` distinguishes this ingester's session from others."""
        self._topics = topics
        self._group = f"$share/{group}/" if group else ""
        self._bus = BusConnection(
            broker,
            topics.client_id("ingester", name),
            keep_session=True,
            manual_acknowledgement=True,
            longest_pause=_LONGEST_PAUSE_SECONDS,
            name_option="--ingester-name",
        )
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        self._batcher = Batcher(history, self._bus.acknowledge)
        self._history = history
        self._admission = Admission(limits)
        self.received = 0
        self._malformed = Tally("Message is not a valid sample or event")
        self.malformed = self._malformed.by_reason

    @property
    def written(self) -> int:
        """How many samples and events the history has stored."""
        return self._batcher.storage.stored

    @property
    def waiting(self) -> int:
        """How many messages have arrived but are not yet acknowledged."""
        return self._batcher.waiting

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many samples and events the history has rejected, by reason."""
        return self._batcher.storage.rejected

    @property
    def problem(self) -> str | None:
        """Why the history cannot store samples at present, as a sentence; None if it can."""
        return self._batcher.storage.problem

    @property
    def connections(self) -> int:
        """How many times the ingester has connected to the broker."""
        return self._bus.connections

    def report(self) -> Report:
        """Return the counters, and the current problem with the store or broker, if any."""
        batcher, storage = self._batcher, self._batcher.storage
        return Report(
            "ingester",
            storage.problem or self._bus.outage,
            (
                counter("samples_received", _RECEIVED, self.received),
                counter("samples_stored", _STORED, storage.stored),
                counter("samples_rejected", _REJECTED, dict(storage.rejected), label="reason"),
                counter("samples_outside_window", _OUTSIDE, storage.outside_window),
                counter("records_evicted", _EVICTED, storage.evicted),
                counter("messages_rejected", _MALFORMED, dict(self.malformed), label="reason"),
                counter("store_failures", "Failed writes to the store", storage.failures),
                counter("broker_reconnects", "Reconnections to the broker", self._bus.reconnects),
                gauge("messages_waiting", "Messages not yet acknowledged", batcher.waiting),
                gauge("storing_delay_seconds", _DELAY, batcher.delay),
            ),
        )

    def start(self) -> None:
        """Open the history and connect to the broker, both in the background."""
        self._batcher.start()
        self._bus.start()

    def stop(self) -> None:
        """Write the messages that have arrived, and disconnect."""
        self._batcher.stop()
        self._bus.stop()

    def wait_subscribed(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the subscriptions; return whether all are accepted."""
        return self._bus.wait_subscribed(seconds)

    def _subscribe(self) -> None:
        # An earlier version may have created the session, and subscribed to everything in it.
        if self._bus.session_present:
            self._bus.unsubscribe(self._group + self._topics.everything())
        for each in STORED_FILTERS:
            self._bus.subscribe(self._group + self._topics.of_every_host(each), AT_LEAST_ONCE)

    def _receive(self, message: Message) -> None:
        self._batcher.add(Delivery(self._record_in(message), message, time.monotonic()))

    def _record_in(self, message: Message) -> Record | None:
        """Return the record in ``message``; None if there is nothing to store."""
        if not message.payload:  # an empty payload deletes a retained message
            return None
        try:
            address = resolve(self._topics, message.topic)
            if address.family is None or address.family.retention is Retention.NONE:
                return None
            record = decode(address, message.payload, arrived=unix_milliseconds())
            if isinstance(record, CollectorStatus):
                return None
            if isinstance(record, Event):
                if message.retained and not self._history.keeps(record):
                    return None
                self._admission.check_event(record, retained=message.retained)
            elif self._history.keeps(record):  # the history discards and counts other samples
                self._admission.check(record, retained=message.retained)
        except MalformedMessageError as error:
            self._malformed.note(error)
            return None
        self.received += 1
        return record
