"""Keeps the newest values of each host."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial

from api.live.arrivals import Arrival, Arrivals, allowed_lag
from api.live.removal import Removal
from telemetry.catalogue import STATUS_CHANNEL, Family, Nature, Retention, family_of
from telemetry.decoding import Content
from telemetry.events import Event
from telemetry.limits import Limits
from telemetry.places import Places
from telemetry.samples import Sample
from telemetry.status import STALE_INTERVALS, CollectorState, CollectorStatus

DEFAULT_INTERVAL_SECONDS = 2.0
MAX_BYTES = 67_108_864  # limit on the size of all messages; higher if the settings allow many hosts
_BYTES_OF_HOST = 65_536  # a host with eight GPUs needs half of this


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Update:
    """A sample, an event, a state or a status that has just arrived.

    ``retained`` is set if the broker delivered the update as a retained message; any other update
    is live. ``arrived`` is the time of arrival in monotonic seconds. ``size`` is the size of the
    message in bytes.
    """

    content: Content
    retained: bool = False
    size: int = 0
    arrived: float = field(default_factory=time.monotonic)

    @property
    def host(self) -> str:
        """The host of the update; empty for an event that concerns all hosts."""
        return self.content.host or ""

    @property
    def is_event(self) -> bool:
        """Whether the update is an event or the end of a state; such updates are not kept."""
        return isinstance(self.content, Event) and (self.content.is_end or not self.is_state)

    @property
    def is_state(self) -> bool:
        """Whether the update begins, changes or ends a state."""
        if not isinstance(self.content, Event):
            return False
        family = family_of(self.content.channel)
        return family is not None and family.nature is Nature.STATE

    @property
    def channel(self) -> str:
        """The channel of the update, without the topic prefix."""
        if isinstance(self.content, CollectorStatus):
            return STATUS_CHANNEL
        return self.content.channel

    @property
    def values(self) -> Mapping[str, object]:
        """The values of a sample; empty for any other update."""
        return self.content.values if isinstance(self.content, Sample) else {}

    def age(self, now: int) -> float:
        """Return the update's age in seconds; ``now`` is in Unix milliseconds.

        The host's clock may be ahead, so the age is at least the time since the update arrived.
        """
        return max((now - self.content.timestamp) / 1000, time.monotonic() - self.arrived)

    def supersedes(self, known: "Update") -> bool:
        """Return whether this update replaces ``known``, which arrived earlier on the same channel.

        A duplicate does not replace ``known``. A retained sample with an earlier timestamp does not
        either: the broker delivers retained messages again after each reconnection. Nor does a
        state with an earlier timestamp: after an outage, a publisher sends the newest state first
        and older states later. Any other update replaces ``known``, whatever its timestamp: a clock
        may be set back, and the timestamp of a last will is the time when its collector started.
        """
        if self.content == known.content:
            return False
        may_be_old = self.is_state or (self.retained and isinstance(self.content, Sample))
        return not may_be_old or self.content.timestamp >= known.content.timestamp

    @cached_property
    def frame(self) -> str:
        """The update as JSON, encoded once for all WebSocket clients."""
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


@dataclass(slots=True, eq=False)  # hashable, so that it can be a key of a cache
class HostState:
    """The state of one host: the newest update of each channel.

    ``arrivals`` records when live samples arrived on channels that the history keeps. ``places``
    limits the number of channels. ``changes`` counts the changes to ``updates``.
    """

    name: str
    places: Places
    updates: dict[str, Update] = field(default_factory=dict)
    arrivals: Arrivals = field(default_factory=Arrivals)
    changes: int = 0

    @property
    def status(self) -> CollectorStatus | None:
        """The newest status."""
        update = self.updates.get(STATUS_CHANNEL)
        content = None if update is None else update.content
        return content if isinstance(content, CollectorStatus) else None

    @property
    def interval(self) -> float:
        """Seconds between samples; a default if the collector has sent no status."""
        status = self.status
        return DEFAULT_INTERVAL_SECONDS if status is None else status.interval

    @property
    def stale_seconds(self) -> float:
        """The age in seconds above which a sample is stale."""
        return STALE_INTERVALS * self.interval

    @property
    def lag(self) -> float:
        """How many seconds the ingester may take to store a sample that has arrived here."""
        return allowed_lag(self.interval)

    @property
    def collector_state(self) -> CollectorState | None:
        """Whether the host's collector is running; None if the collector has sent no status.

        If a live sample arrives after the status `offline`, the collector is running: the status is
        out of date, comes from another collector, or is wrong.
        """
        update, newest = self.updates.get(STATUS_CHANNEL), self.arrivals.newest
        if self.status is None or update is None:
            return None
        if newest is not None and newest.arrived > update.arrived:
            return CollectorState.ONLINE
        return self.status.state

    def note_arrival(self, update: Update) -> None:
        """Record the arrival of ``update`` if it is a live sample that the history keeps."""
        family = family_of(update.channel)
        if update.retained or family is None or family.retention is not Retention.WINDOW:
            return
        arrival = Arrival(update.channel, update.content.timestamp, update.arrived)
        self.arrivals.note(arrival, self.lag)

    def samples(self, family: Family) -> list[Update]:
        """Return the newest sample of each channel of ``family``, with GPUs ordered by id."""
        found = [each for each in self.updates.values() if family_of(each.channel) is family]
        return sorted(found, key=lambda update: (len(update.channel), update.channel))

    @property
    def timestamp(self) -> int:
        """The timestamp of the newest sample, or of the newest update if there is no sample.

        The timestamp is in Unix milliseconds. The newest sample is the live sample that arrived
        last. If no live sample has arrived, it is the one with the latest timestamp, because
        retained samples arrive in any order.
        """
        if self.arrivals.newest is not None:
            return self.arrivals.newest.timestamp
        contents = [update.content for update in self.updates.values()]
        times = [each.timestamp for each in contents if isinstance(each, Sample)]
        return max(times or [each.timestamp for each in contents])


class Newest:
    """The newest update per host and channel.

    There are limits on the number of hosts, the number of channels per host, and the total size of
    the messages. To make room, a live update may evict hosts and channels that have been silent for
    two minutes or are known only from retained messages. A retained update evicts nothing.
    ``refused`` counts the updates rejected because of a limit, by reason. Not thread-safe.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with no hosts; ``clock`` returns seconds."""
        self._limits = limits
        self._clock = clock
        self._hosts: dict[str, HostState] = {}
        self._places = Places(limits.hosts, self._evict_host, clock)
        self._bytes = 0
        self.max_bytes = max(MAX_BYTES, limits.hosts * _BYTES_OF_HOST)
        self.refused: Counter[str] = Counter()

    @property
    def hosts(self) -> Mapping[str, HostState]:
        """The hosts, in order of first arrival."""
        return self._hosts

    def accept(self, update: Update) -> bool:
        """Keep ``update`` and return True; return False if it is not newer or exceeds a limit."""
        host, channel = update.host, update.channel
        state = self._hosts.get(host)
        known = None if state is None else state.updates.get(channel)
        if known is not None and not update.supersedes(known):
            if state is not None and update.is_state and update.content == known.content:
                state.updates[channel] = update  # the state still exists
            return False
        more = update.size - (known.size if known is not None else 0)
        refusal = self._refusal(update, state, more)
        if refusal is not None:
            self.refused[refusal] += 1
            return False
        state = self._hosts.get(host) or self._new_host(update)
        self._bytes += more
        state.updates[channel] = update
        state.changes += 1
        state.note_arrival(update)
        return True

    def remove(self, removal: Removal) -> list[Removal]:
        """Remove a value from one host or all hosts; return a removal for each host that had it."""
        names = [removal.host] if removal.host else list(self._hosts)
        found = [
            name
            for name in names
            if name in self._hosts and removal.channel in self._hosts[name].updates
        ]
        for name in found:
            self._hosts[name].places.release(removal.channel)
            self._evict_channel(name, removal.channel)
        return [Removal(name, removal.channel) for name in found]

    def remove_states(self, before: float) -> list[Removal]:
        """Remove the states that last arrived before the time ``before``; return their removals."""
        found = [
            Removal(update.host, update.channel)
            for update in self.updates()
            if update.is_state and update.arrived < before
        ]
        return [each for removal in found for each in self.remove(removal)]

    def updates(self, host: str | None = None) -> Iterator[Update]:
        """Yield the newest update of each channel of ``host``, or of all hosts."""
        states: Iterable[HostState] = self._hosts.values()
        if host is not None:
            states = [self._hosts[host]] if host in self._hosts else []
        for state in states:
            yield from state.updates.values()

    def _new_host(self, update: Update) -> HostState:
        evict = partial(self._evict_channel, update.host)
        places = Places(self._limits.channels, evict, self._clock)
        places.claim({update.channel}, live=not update.retained)
        state = HostState(update.host, places)
        self._hosts[update.host] = state
        return state

    def _refusal(self, update: Update, state: HostState | None, more: int) -> str | None:
        """Return the limit that ``update`` exceeds, or None; may evict silent hosts or channels."""
        live = not update.retained
        while more > 0 and self._bytes + more > self.max_bytes:
            if not (live and self._evict_silent(update)):
                return "too much data"
        if state is not None and not state.places.claim({update.channel}, live=live):
            return "too many channels"
        return None if self._places.claim({update.host}, live=live) else "too many hosts"

    def _evict_silent(self, update: Update) -> bool:
        """Evict a silent host or, if none, a silent channel; return whether one was evicted."""
        return self._places.evict_silent(update.host) or any(
            state.places.evict_silent(update.channel) for state in self._hosts.values()
        )

    def _evict_host(self, host: str) -> None:
        self._bytes -= sum(each.size for each in self._hosts.pop(host).updates.values())

    def _evict_channel(self, host: str, channel: str) -> None:
        state = self._hosts[host]
        self._bytes -= state.updates.pop(channel).size
        state.changes += 1
        if not state.updates:
            self._places.release(host)
            del self._hosts[host]
