"""The newest values of each host, as they arrived."""

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

MAX_BYTES = 67_108_864  # of messages: a thousand hosts with eight GPUs have half of it


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Update:
    """A sample, an event or a status that has just arrived.

    ``retained`` is set where the broker had kept it. ``arrived`` is in monotonic seconds. ``size``
    is the message's, in bytes.
    """

    content: Content
    retained: bool = False
    size: int = 0
    arrived: float = field(default_factory=time.monotonic)

    @property
    def host(self) -> str:
        """The host that it is about; empty for an event that concerns every host."""
        return self.content.host or ""

    @property
    def is_event(self) -> bool:
        """Whether it is a moment: passed on, and not kept."""
        return isinstance(self.content, Event)

    @property
    def channel(self) -> str:
        """The channel that it came on, without a topic's prefix."""
        if isinstance(self.content, CollectorStatus):
            return STATUS_CHANNEL
        return self.content.channel

    @property
    def values(self) -> Mapping[str, object]:
        """What a sample measured."""
        return self.content.values if isinstance(self.content, Sample) else {}

    def age(self, now: int) -> float:
        """Return the seconds since the reading was made; ``now`` is Unix milliseconds.

        At least those since it arrived, since its host's clock may be ahead.
        """
        return max((now - self.content.timestamp) / 1000, time.monotonic() - self.arrived)

    def tells_nothing_after(self, known: "Update") -> bool:
        """Return whether it is what ``known`` is, or kept by the broker from before that.

        A broker delivers what it retains on each connection; one that was restored from its disk
        may retain old samples. Else the order of arrival counts, for a clock may be set back. A
        status that is kept is always news: a last will has the time of the collector's start.
        """
        if self.content == known.content:
            return True
        is_sample = isinstance(self.content, Sample)
        return self.retained and is_sample and self.content.timestamp < known.content.timestamp

    @cached_property
    def frame(self) -> str:
        """The JSON for WebSocket clients: encoded for the first of them, used by all."""
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
    """What is known of one host: its newest status, and its newest update by channel.

    ``since`` is when it was first heard of, ``heard`` when something new arrived last, in monotonic
    seconds.
    """

    name: str
    since: float
    heard: float
    status: CollectorStatus | None = None
    updates: dict[str, Update] = field(default_factory=dict)

    def samples(self, family: Family) -> list[Update]:
        """Return the newest samples of ``family``, GPUs by ascending id."""
        found = [each for each in self.updates.values() if family_of(each.channel) is family]
        return sorted(found, key=lambda update: (len(update.channel), update.channel))

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
        self._bytes = 0
        self.refused: Counter[str] = Counter()

    @property
    def hosts(self) -> Mapping[str, HostState]:
        """The hosts heard of, the first heard of first."""
        return self._hosts

    def accept(self, update: Update) -> bool:
        """Keep ``update``; return False where it is nothing new or too much to keep."""
        state = self._hosts.get(update.host)
        known = state.updates.get(update.channel) if state is not None else None
        if known is not None and update.tells_nothing_after(known):
            return False
        more = update.size - (known.size if known is not None else 0)
        refusal = self._refusal(update, state, known, more)
        if refusal is not None:
            self.refused[refusal] += 1
            return False
        if state is None:
            state = HostState(update.host, since=update.arrived, heard=update.arrived)
            self._hosts[update.host] = state
        self._bytes += more
        state.updates[update.channel] = update
        state.heard = update.arrived
        if isinstance(update.content, CollectorStatus):
            state.status = update.content
        return True

    def _refusal(
        self, update: Update, state: HostState | None, known: Update | None, more: int
    ) -> str | None:
        """Return why ``update`` is too much to keep, or None; a silent host may give way to it."""
        if more > 0 and self._bytes + more > MAX_BYTES:
            return "too much at once"
        if state is None:
            full = len(self._hosts) >= MAX_HOSTS
            return "too many hosts" if full and not self._forget_a_silent(update.arrived) else None
        full = known is None and len(state.updates) >= MAX_CHANNELS
        return "too many channels" if full else None

    def updates(self, host: str | None = None) -> Iterator[Update]:
        """Yield the newest update of each channel of ``host``, or of every host."""
        states: Iterable[HostState] = self._hosts.values()
        if host is not None:
            states = [self._hosts[host]] if host in self._hosts else []
        for state in states:
            yield from state.updates.values()

    def _forget_a_silent(self, now: float) -> bool:
        """Forget the host that has been silent the longest; return False where none is silent."""
        silent = min(self._hosts.values(), key=lambda state: state.heard)
        if now - silent.heard < SILENT_SECONDS:
            return False
        self._bytes -= sum(each.size for each in silent.updates.values())
        del self._hosts[silent.name]
        return True
