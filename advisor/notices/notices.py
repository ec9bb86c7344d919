"""Receives changes to findings and runs from the broker, and sends notices about them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from advisor.notices.model import Rules
from advisor.notices.record import Record
from advisor.notices.senders import Sender
from advisor.notices.target import Target, minute_of_day
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, Message
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATES
from telemetry.clock import unix_milliseconds
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from telemetry.reports import Report, counter, gauge
from telemetry.tally import Tally

_STOP_SECONDS = 0.5

_SENT = "Notices that were delivered"
_FAILURES = "Failed attempts to deliver notices"
_DROPPED = "Notices dropped because too many were waiting"
_REJECTED = "Messages that are not valid"


class Notices:
    """Sends notices through all ``senders`` about findings and ended runs that ``rules`` select.

    The session at the broker is persistent: while ``Notices`` is offline, the broker queues
    messages for it. A message that needs a notice is acknowledged once the notice is in the record.
    If the broker delivers the message again, no second notice is sent. If the beginning of an
    active finding was missed, the finding is reported from the state that the broker retains.
    """

    def __init__(
        self,
        senders: Sequence[Sender],
        rules: Rules,
        file: Path,
        broker: BrokerAddress,
        topics: TopicScheme,
        *,
        name: str,
        minute: Callable[[], int] = minute_of_day,
    ) -> None:
        """Keep the record in ``file``; ``name`` identifies the session at the broker."""
        self._rules = rules
        self._topics = topics
        self._record = Record(file)
        self._targets = [Target(each, self._record, minute) for each in senders]
        self._bus = BusConnection(
            broker,
            topics.client_id("notices", name),
            keep_session=True,
            manual_acknowledgement=True,
        )
        self._bus.on_connected = self._subscribe
        self._bus.on_message = self._receive
        self._malformed = Tally("Message is not a valid finding or run")

    def report(self) -> Report:
        """Return the counters and, if notices cannot be received or delivered, the reasons."""
        targets = self._targets
        problems = [self._bus.outage, *(each.problem for each in targets)]
        rejected = dict(self._malformed.by_reason)
        return Report(
            "notices",
            " ".join(filter(None, problems)) or None,
            (
                counter("sent", _SENT, {each.name: each.sent for each in targets}, label="target"),
                counter(
                    "failures",
                    _FAILURES,
                    {each.name: each.failures for each in targets},
                    label="target",
                ),
                counter(
                    "dropped",
                    _DROPPED,
                    {each.name: each.dropped for each in targets},
                    label="target",
                ),
                gauge(
                    "waiting",
                    "Notices not delivered yet",
                    {each.name: each.waiting for each in targets},
                    label="target",
                ),
                counter("messages_rejected", _REJECTED, rejected, label="reason"),
                counter("broker_reconnects", "Reconnections to the broker", self._bus.reconnects),
            ),
            notes=() if self._record.problem is None else (self._record.problem,),
        )

    def start(self) -> None:
        """Read the record, then start receiving and sending in the background."""
        by_name = {each.name: each for each in self._targets}
        for key, event, names in self._record.open():
            notice = self._rules.notice_of(event)
            for name in names:
                if notice is not None and name in by_name:
                    by_name[name].add(notice)
                else:  # after a change of settings, the notice is not sent
                    self._record.settle([key], name)
        for each in self._targets:
            each.start()
        self._bus.start()

    def stop(self) -> None:
        """Stop within two seconds; waiting notices are sent after the next start."""
        for each in self._targets:
            each.ask_to_stop()
        self._bus.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for each in self._targets:
            each.stop(max(0.0, deadline - time.monotonic()))
        self._record.close()

    def wait_subscribed(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the subscription; return whether it is in effect."""
        return self._bus.wait_subscribed(seconds)

    def _subscribe(self) -> None:
        for family in STATES:
            channels = self._topics.of_every_host(family.channel_filter)
            self._bus.subscribe(channels, AT_LEAST_ONCE)

    def _receive(self, message: Message) -> None:
        try:
            event = self._event_in(message)
            notice = None if event is None else self._rules.notice_of(event)
            if notice is not None and not self._record.knows(notice.key):
                self._record.add(notice, [each.name for each in self._targets])
                for each in self._targets:
                    each.add(notice)
        finally:
            self._bus.acknowledge([message])

    def _event_in(self, message: Message) -> Event | None:
        """Return the event in ``message``; None if there is no valid event."""
        if not message.payload:  # an empty payload removes a retained state
            return None
        try:
            address = resolve(self._topics, message.topic)
            content = decode(address, message.payload, arrived=unix_milliseconds())
        except MalformedMessageError as error:
            self._malformed.note(error)
            return None
        return content if isinstance(content, Event) else None
