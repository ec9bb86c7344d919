"""The advisor: analyses the samples on the bus and publishes findings."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from advisor.active import ActiveFindings, Change
from advisor.detectors.model import Detector
from advisor.inbox import Inbox
from advisor.past import Past
from advisor.readings import FIELDS
from advisor.watch import Watch
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, AT_MOST_ONCE, Message, Publication
from telemetry.bus.publisher import Publisher
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import FINDING, SAMPLES, STATUS_CHANNEL
from telemetry.decoding import decode, resolve
from telemetry.errors import HistoryError, MalformedMessageError
from telemetry.events import Event
from telemetry.history.port import HistoryReader
from telemetry.history.window import Spans
from telemetry.limits import Limits
from telemetry.log_limit import RateLimitedLog
from telemetry.reports import Report, counter, gauge
from telemetry.tally import Tally

log = logging.getLogger(__name__)

# Findings develop over minutes, so the advisor wakes up rarely, which saves CPU time.
_GATHER_SECONDS = 5.0
_READ_SECONDS = 0.05
_STOP_SECONDS = 1.0

_REJECTED = "Messages that are not valid"
_SKIPPED = "Samples not analysed: late, repeated, or of a host or channel beyond the limits"
_DROPPED = "Messages dropped because too many were waiting"
_FAILED = "Samples whose analysis failed because of an error in System Monitor"
_NO_PAST = "The advisor could not read the history, so it may report slow leaks late. {}"


class Advisor:
    """Subscribes to the samples of every host, and publishes a retained message for each finding.

    The advisor needs no persistent session and subscribes to samples with QoS 0, because it reads
    a host's past from the history before it analyses the host's first sample. If the connection
    fails later, the advisor misses the samples published before it reconnects, except the newest
    sample of each channel, which the broker retains. When a finding is over, the advisor
    publishes the end and removes the retained message. An unexpected error in the analysis is
    counted and logged; the advisor continues.
    """

    def __init__(
        self,
        detectors: Callable[[], Sequence[Detector]],
        reader: HistoryReader,
        broker: BrokerAddress,
        topics: TopicScheme,
        *,
        name: str,
        spans: Spans,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """``detectors`` creates the detectors for a host; ``name`` is this machine's name."""
        self._topics = topics
        read = {family for each in detectors() for family in each.families}
        self._channels = [each.channel_filter for each in SAMPLES if each.name in read]
        identity = topics.client_id("advisor", name)
        self._bus = BusConnection(broker, identity, gather=_READ_SECONDS)
        self._bus.on_message = self._receive
        self._publisher = Publisher(self._bus, spans.events, on_connected=self._subscribe)
        self._inbox = Inbox()
        self._past = Past(reader, spans)
        self._active = ActiveFindings(shared_topics=not topics.per_host)
        self._watch = Watch(detectors, self._past, self._active, limits)
        self._malformed = Tally("Message is not a valid sample or event")
        self._errors = RateLimitedLog(log, logging.ERROR)
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="advisor", daemon=True)

    def report(self) -> Report:
        """Return the counters and, if the broker or the history cannot be used, the reason."""
        watch, publisher = self._watch, self._publisher
        problem = watch.history_problem
        active = {"info": 0, "warning": 0, "critical": 0, **self._active.by_severity()}
        rejected = dict(self._malformed.by_reason)
        return Report(
            "advisor",
            publisher.outage,
            (
                counter("samples_analysed", "Samples analysed", watch.analysed),
                counter("samples_skipped", _SKIPPED, watch.skipped),
                counter("messages_rejected", _REJECTED, rejected, label="reason"),
                counter("messages_dropped", _DROPPED, self._inbox.dropped),
                counter("analysis_failures", _FAILED, self._failures),
                counter("history_failures", "Failed queries", watch.history_failures),
                counter("broker_reconnects", "Reconnections to the broker", publisher.reconnects),
                gauge("findings_active", "Active findings", active, label="severity"),
                gauge("hosts", "Known hosts", watch.hosts),
                gauge("messages_waiting", "Messages not yet published", publisher.waiting),
            ),
            notes=() if problem is None else (_NO_PAST.format(problem),),
        )

    def start(self) -> None:
        """Connect and start analysing, both in the background."""
        self._publisher.start()
        self._thread.start()

    def stop(self) -> None:
        """Publish pending messages, then disconnect. Active findings stay retained."""
        self._stopping.set()
        self._inbox.stop()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._publisher.stop()
        self._past.close()

    def _subscribe(self) -> None:
        # The advisor subscribes to findings first: a broker sends retained messages in the order of
        # the subscriptions, so the earlier findings arrive before the first samples.
        self._bus.subscribe(self._topics.of_every_host(FINDING.channel_filter), AT_LEAST_ONCE)
        for each in (STATUS_CHANNEL, *self._channels):
            self._bus.subscribe(self._topics.of_every_host(each), AT_MOST_ONCE)

    def _receive(self, message: Message) -> None:
        # An empty payload means that a retained message was removed. Only the removal of a status
        # matters: the advisor then forgets the host.
        if message.payload or message.topic.endswith(STATUS_CHANNEL):
            self._inbox.put(message)

    def _run(self) -> None:
        self._open_past()
        while not self._stopping.is_set():
            for message in self._inbox.take(0 if self._watch.is_busy else _GATHER_SECONDS):
                self._publish(self._changes, message)
            self._publish(partial(self._watch.turn, connected=self._bus.connected))
            self._publisher.flush()

    def _open_past(self) -> None:
        try:
            self._past.open()
        except HistoryError as error:  # the queries fail too, and are retried
            log.warning("%s", error)

    def _changes(self, message: Message) -> Iterable[Change]:
        """Process ``message``; return the messages to publish. Raises MalformedMessageError."""
        address = resolve(self._topics, message.topic)
        if not message.payload:
            return self._watch.forget(address.host) if address.host else ()
        content = decode(address, message.payload, arrived=0, names=FIELDS)
        if not isinstance(content, Event):
            return self._watch.feed(content, len(message.payload))
        return self._watch.adopt(content) if message.retained else ()

    def _publish(self, changes: Callable[..., Iterable[Change]], *arguments: Message) -> None:
        """Publish the messages that ``changes`` returns; log any error."""
        try:
            for host, channel, payload, retain in changes(*arguments):
                topic = self._topics.topic(host, channel)
                self._publisher.publish(Publication(topic, payload, retain))
        except MalformedMessageError as error:
            self._malformed.note(error)
        except Exception as error:
            self._failures += 1
            self._errors.write(
                "The analysis failed (%r). Failures so far: %d. Report this error.",
                error,
                self._failures,
            )
            log.debug("Traceback of the analysis", exc_info=True)
