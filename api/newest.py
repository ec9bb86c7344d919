"""The newest values of each host, as they arrived."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from telemetry.channels import STATUS_CHANNEL, Family, family_of
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

MAX_HOSTS = 1000
MAX_CHANNELS = 72  # of one host: 64 GPUs, the other families, and room for a few more


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Update:
    """A sample or a status that has just arrived."""

    content: Sample | CollectorStatus

    @property
    def host(self) -> str:
        """The host that it is about."""
        return self.content.host

    @property
    def channel(self) -> str:
        """The channel that it came on, without a topic's prefix."""
        return self.content.channel if isinstance(self.content, Sample) else STATUS_CHANNEL

    @cached_property
    def frame(self) -> str:
        """The JSON for WebSocket clients: encoded for the first of them, used by all."""
        if isinstance(self.content, Sample):
            event = "metrics"
            data = {"host": self.host, "timestamp": self.content.timestamp, **self.content.values}
        else:
            event = "status"
            data = asdict(self.content)
        body = {"channel": self.channel, "event": event, "data": data}
        return json.dumps(body, separators=(",", ":"))


@dataclass(slots=True)
class HostState:
    """What is known of one host: its newest status, and its newest update by channel."""

    name: str
    status: CollectorStatus | None = None
    updates: dict[str, Update] = field(default_factory=dict)

    def samples(self, family: Family) -> list[Sample]:
        """Return the newest samples of ``family``, a GPU's by ascending id."""
        found = [
            update.content
            for channel, update in self.updates.items()
            if family_of(channel) is family and isinstance(update.content, Sample)
        ]
        return sorted(found, key=lambda sample: (len(sample.channel), sample.channel))

    @property
    def timestamp(self) -> int:
        """Unix milliseconds of the newest sample; of the status where there is no sample."""
        contents = [update.content for update in self.updates.values()]
        times = [each.timestamp for each in contents if isinstance(each, Sample)]
        return max(times or [each.timestamp for each in contents])


class Newest:
    """The newest update of each channel of each host, by order of arrival.

    Belongs to one thread. ``refused`` counts what was too much to keep, by reason.
    """

    def __init__(self) -> None:
        """Know of no host."""
        self._hosts: dict[str, HostState] = {}
        self.refused: Counter[str] = Counter()

    @property
    def hosts(self) -> Mapping[str, HostState]:
        """The hosts heard of, in order of arrival."""
        return self._hosts

    def accept(self, update: Update) -> bool:
        """Keep ``update``; return False where it is nothing new or too much to keep.

        A broker delivers its retained messages again on each connection.
        """
        state = self._hosts.get(update.host)
        if state is None:
            if len(self._hosts) >= MAX_HOSTS:
                self.refused["too many hosts"] += 1
                return False
            state = self._hosts[update.host] = HostState(update.host)
        known = state.updates.get(update.channel)
        if known == update:
            return False
        if known is None and len(state.updates) >= MAX_CHANNELS:
            self.refused["too many channels"] += 1
            return False
        state.updates[update.channel] = update
        if isinstance(update.content, CollectorStatus):
            state.status = update.content
        return True

    def updates(self, host: str | None = None) -> Iterator[Update]:
        """Yield the newest update of each channel of ``host``, or of every host."""
        states: Iterable[HostState] = self._hosts.values()
        if host is not None:
            states = [self._hosts[host]] if host in self._hosts else []
        for state in states:
            yield from state.updates.values()
