"""Remembers which runs have recently ended, according to the bus."""

from collections import OrderedDict
from collections.abc import Mapping

from api.live.newest import Update
from api.runs.run import RunKey, key_of
from telemetry.catalogue import RUN, family_of
from telemetry.events import Event

_REMEMBERED = 1000


class RecentEnds:
    """Remembers the last message of each recently ended run.

    This message reaches the history after about a second. If it were not remembered here, the run
    would count as lost until then.
    """

    def __init__(self, limit: int = _REMEMBERED) -> None:
        """Remember at most ``limit`` ends; start with none."""
        self._limit = limit
        self._events: OrderedDict[RunKey, Event] = OrderedDict()

    @property
    def events(self) -> Mapping[RunKey, Event]:
        """The remembered ends, by run key."""
        return self._events

    def note(self, update: Update) -> None:
        """Remember ``update`` if it ends a run; if the run is under way, forget its earlier end."""
        event = update.content
        if not isinstance(event, Event) or family_of(event.channel) is not RUN:
            return
        self._events.pop(key_of(event), None)
        if event.is_end:
            self._events[key_of(event)] = event
            if len(self._events) > self._limit:
                self._events.popitem(last=False)
