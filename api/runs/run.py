"""Assembles a run from the messages about it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from api.live.newest import HostState, Update
from telemetry.catalogue import RUN, family_of, place_of
from telemetry.events import Event
from telemetry.limits import SILENT_SECONDS
from telemetry.status import CollectorState


class RunState(StrEnum):
    """Whether a run has ended.

    ``lost``: the run's end is not known, and its host is silent or no longer reports the run.
    """

    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


class RunKey(NamedTuple):
    """The key of a run: its host and its id."""

    host: str
    id: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run; ``event`` is the message that ended it, or the newest message if no end is known."""

    event: Event
    state: RunState

    @property
    def key(self) -> RunKey:
        """The key of the run."""
        return key_of(self.event)

    @property
    def values(self) -> Mapping[str, Any]:
        """The fields of the run's message."""
        return self.event.values

    @property
    def started(self) -> int:
        """When the run began, in Unix milliseconds."""
        started: int = self.values["started"]
        return started

    @property
    def ended(self) -> int | None:
        """When the run ended, in Unix milliseconds; None if it is running or lost."""
        if self.state is not RunState.ENDED:
            return None
        ended: int | None = self.values["ended"]
        return self.event.timestamp if ended is None else ended

    def body(self) -> dict[str, Any]:
        """Return the fields of the run, with the run's id instead of the message's id."""
        fields = {"id": self.key.id, "state": self.state, "ended": self.ended}
        return {**self.event.body(), **fields}


def key_of(event: Event) -> RunKey:
    """Return the key of the run that ``event`` is about."""
    return RunKey(event.host or "", place_of(event.channel)["run"])


class Live:
    """The runs that are under way according to the bus, and the runs that have just ended."""

    def __init__(
        self, hosts: Mapping[str, HostState], ends: Mapping[RunKey, Event], now: float
    ) -> None:
        """Use the newest values of ``hosts``; ``now`` is in monotonic seconds."""
        self._events: dict[RunKey, Event] = {}
        self._silent: set[RunKey] = set()
        for host in hosts.values():
            for update in host.updates.values():
                event = update.content
                if isinstance(event, Event) and family_of(event.channel) is RUN:
                    self._events[key_of(event)] = event
                    if _is_silent(host, update, now):
                        self._silent.add(key_of(event))
        self._events |= ends

    def combined(self, stored: Iterable[Event]) -> dict[RunKey, Run]:
        """Return the runs in ``stored``, and the runs that are under way or have just ended."""
        found = dict(self._events)
        for event in stored:
            key = key_of(event)
            if event.is_end or key not in found:
                found[key] = event
        return {key: Run(event, self._state(key, event)) for key, event in found.items()}

    def _state(self, key: RunKey, event: Event) -> RunState:
        if event.is_end:
            return RunState.ENDED
        is_running = key in self._events and key not in self._silent
        return RunState.RUNNING if is_running else RunState.LOST


def _is_silent(host: HostState, update: Update, now: float) -> bool:
    """Return whether the host has stopped reporting the run, whose newest message is ``update``.

    A host is silent if its collector is offline, or if its newest sample arrived at least two
    minutes ago. But if ``update`` arrived within the last two minutes and was not retained, the
    host still reports the run.
    """
    if not update.retained and now - update.arrived < SILENT_SECONDS:
        return False
    if host.collector_state is CollectorState.OFFLINE:
        return True
    newest = host.arrivals.newest
    return newest is not None and now - newest.arrived >= SILENT_SECONDS
