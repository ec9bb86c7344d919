"""The newest values of each host, as they arrived."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from telemetry.channels import STATUS_CHANNEL, Family, family_of
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

MAX_HOSTS = 1000
# Of one host: 64 GPUs, each with its processes and at most 7 MIG instances, and the other families.
MAX_CHANNELS = 64 * (1 + 1 + 7) + 8
SILENT_SECONDS = 300.0  # a collector that runs says something at least once a minute


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Update:
    """A sample or a status that has just arrived.

    ``retained`` is set where the broker had kept it. ``arrived`` is in monotonic seconds.
    """

    content: Sample | CollectorStatus
    retained: bool = False
    arrived: float = field(default_factory=time.monotonic)

    @property
    def host(self) -> str:
        """The host that it is about."""
        return self.content.host

    @property
    def channel(self) -> str:
        """The channel that it came on, without a topic's prefix."""
        return self.content.channel if isinstance(self.content, Sample) else STATUS_CHANNEL

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
    """What is known of one host: its newest status, and its newest update by channel.

    ``heard`` is when something new arrived, in monotonic seconds.
    """

    name: str
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
        self.refused: Counter[str] = Counter()

    @property
    def hosts(self) -> Mapping[str, HostState]:
        """The hosts heard of, the first heard of first."""
        return self._hosts

    def accept(self, update: Update) -> bool:
        """Keep ``update``; return False where it is nothing new or too much to keep."""
        state = self._hosts.get(update.host)
        if state is None:
            if len(self._hosts) >= MAX_HOSTS and not self._forget_a_silent_host(update.arrived):
                self.refused["too many hosts"] += 1
                return False
            state = self._hosts[update.host] = HostState(update.host, update.arrived)
        known = state.updates.get(update.channel)
        if known is not None and update.tells_nothing_after(known):
            return False
        if known is None and len(state.updates) >= MAX_CHANNELS:
            self.refused["too many channels"] += 1
            return False
        state.updates[update.channel] = update
        state.heard = update.arrived
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

    def _forget_a_silent_host(self, now: float) -> bool:
        """Forget the host that has been silent the longest; return False where none is silent."""
        silent = min(self._hosts.values(), key=lambda state: state.heard)
        if now - silent.heard < SILENT_SECONDS:
            return False
        del self._hosts[silent.name]
        return True
