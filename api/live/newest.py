"""The newest values of each host, in order of arrival."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from telemetry.catalogue import STATUS_CHANNEL, Family, family_of
from telemetry.decoding import Content
from telemetry.events import Event
from telemetry.limits import MAX_CHANNELS, MAX_HOSTS, SILENT_SECONDS
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

MAX_BYTES = 67_108_864  # of messages: a thousand hosts with eight GPUs need half of it


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Update:
    """A sample, an event or a status that has just arrived.

    ``retained`` is set if the broker delivered it as a retained message. ``arrived`` is in
    monotonic seconds. ``size`` is the size of the message in bytes.
    """

    content: Content
    retained: bool = False
    size: int = 0
    arrived: float = field(default_factory=time.monotonic)

    @property
    def host(self) -> str:
        """The host it belongs to; empty for an event that concerns all hosts."""
        return self.content.host or ""

    @property
    def is_event(self) -> bool:
        """Whether it is an event, which is forwarded but not kept."""
        return isinstance(self.content, Event)

    @property
    def channel(self) -> str:
        """The channel it arrived on, without the topic prefix."""
        if isinstance(self.content, CollectorStatus):
            return STATUS_CHANNEL
        return self.content.channel

    @property
    def values(self) -> Mapping[str, object]:
        """The values of a sample; empty for anything else."""
        return self.content.values if isinstance(self.content, Sample) else {}

    def age(self, now: int) -> float:
        """Return the age of the reading in seconds; ``now`` is Unix milliseconds.

        Never less than the time since arrival, because the host's clock may be ahead.
        """
        return max((now - self.content.timestamp) / 1000, time.monotonic() - self.arrived)

    def supersedes(self, known: "Update") -> bool:
        """Return whether it is newer than ``known``, the update before it on the same channel.

        A duplicate is not newer, nor is an older retained sample: the broker delivers retained
        messages on each connection, and one restored from disk may deliver old ones. Otherwise the
        order of arrival decides, because clocks may be set back. A retained status always
        counts: the timestamp of a last will is the collector's start time.
        """
        if self.content == known.content:
            return False
        is_retained_sample = self.retained and isinstance(self.content, Sample)
        return not is_retained_sample or self.content.timestamp >= known.content.timestamp

    @cached_property
    def frame(self) -> str:
        """The JSON for WebSocket clients: encoded once, shared by all clients."""
        match self.content:
            case Sample():
                event = "metrics"
                head = {"host": self.host, "timestamp": self.content.timestamp}
                data = {**head, **self.content.values}
            case Event():
                family = family_of(self.channel)
                event = "event" if family is None else family.name
                data = self.content.body()
            case CollectorStatus():
                event = "status"
                data = asdict(self.content)
        body = {"channel": self.channel, "event": event, "data": data}
        return json.dumps(body, separators=(",", ":"))


@dataclass(slots=True)
class HostState:
    """The state of one host: its newest status, and its newest update by channel.

    ``known_since`` is the arrival time of the first update, ``last_arrival`` that of the last one
    accepted, in monotonic seconds.
    """

    name: str
    known_since: float
    last_arrival: float
    status: CollectorStatus | None = None
    updates: dict[str, Update] = field(default_factory=dict)

    def samples(self, family: Family) -> list[Update]:
        """Return the newest samples of ``family``, GPUs in ascending order of their ids."""
        found = [each for each in self.updates.values() if family_of(each.channel) is family]
        return sorted(found, key=lambda update: (len(update.channel), update.channel))

    @property
    def timestamp(self) -> int:
        """Unix milliseconds of the newest sample, or of the status if there is no sample."""
        contents = [update.content for update in self.updates.values()]
        times = [each.timestamp for each in contents if isinstance(each, Sample)]
        return max(times or [each.timestamp for each in contents])


class Newest:
    """The newest update of each channel of each host, by order of arrival.

    Not thread-safe. ``refused`` counts, by reason, the updates that exceeded a limit.
    """

    def __init__(self) -> None:
        """Start without hosts."""
        self._hosts: dict[str, HostState] = {}
        self._bytes = 0
        self.refused: Counter[str] = Counter()

    @property
    def hosts(self) -> Mapping[str, HostState]:
        """The known hosts, in order of first arrival."""
        return self._hosts

    def accept(self, update: Update) -> bool:
        """Keep ``update``; return False if it is not new or exceeds a limit."""
        state = self._hosts.get(update.host)
        known = state.updates.get(update.channel) if state is not None else None
        if known is not None and not update.supersedes(known):
            return False
        more = update.size - (known.size if known is not None else 0)
        refusal = self._refusal(update, state, known, more)
        if refusal is not None:
            self.refused[refusal] += 1
            return False
        if state is None:
            state = HostState(update.host, update.arrived, update.arrived)
            self._hosts[update.host] = state
        self._bytes += more
        state.updates[update.channel] = update
        state.last_arrival = update.arrived
        if isinstance(update.content, CollectorStatus):
            state.status = update.content
        return True

    def _refusal(
        self, update: Update, state: HostState | None, known: Update | None, more: int
    ) -> str | None:
        """Return the limit that ``update`` exceeds, or None; may evict a silent host to fit it."""
        if more > 0 and self._bytes + more > MAX_BYTES:
            return "too much at once"
        if state is None:
            full = len(self._hosts) >= MAX_HOSTS
            return "too many hosts" if full and not self._evict_silent(update.arrived) else None
        full = known is None and len(state.updates) >= MAX_CHANNELS
        return "too many channels" if full else None

    def updates(self, host: str | None = None) -> Iterator[Update]:
        """Yield the newest update of each channel of ``host``, or of all hosts."""
        states: Iterable[HostState] = self._hosts.values()
        if host is not None:
            states = [self._hosts[host]] if host in self._hosts else []
        for state in states:
            yield from state.updates.values()

    def _evict_silent(self, now: float) -> bool:
        """Evict the host that has been silent the longest; return False if none is silent."""
        silent = min(self._hosts.values(), key=lambda state: state.last_arrival)
        if now - silent.last_arrival < SILENT_SECONDS:
            return False
        self._bytes -= sum(each.size for each in silent.updates.values())
        del self._hosts[silent.name]
        return True
