"""Lists runs, newest first."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from api.rest.history import Span
from api.runs.run import Live, Run, RunKey, RunState, key_of
from telemetry.catalogue import RUN
from telemetry.events import Event
from telemetry.history.port import EventQuery

_AT_ONCE = 2000  # events in the first query; each further query may return twice as many

Read = Callable[[EventQuery], Awaitable[list[Event]]]
"""Reads events from the history."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs to list: when they began, and their properties; None matches any value."""

    start: int
    end: int
    limit: int
    host: str | None = None
    user: str | None = None
    tag: str | None = None
    name: str | None = None
    state: RunState | None = None

    def includes(self, run: Run) -> bool:
        """Return whether ``run`` should be listed."""
        values = run.values
        return (
            self.start <= run.started < self.end
            and self.host in (None, run.key.host)
            and self.user in (None, values["user"])
            and self.name in (None, values["name"])
            and (self.tag is None or self.tag in values["tags"])
            and self.state in (None, run.state)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of runs; ``end`` is the end of the next page's span, or None on the last page."""

    runs: list[Run]
    end: int | None


async def list_runs(read: Read, live: Live, wanted: Wanted, kept: Span) -> Page:
    """Return the newest runs that match ``wanted``.

    Runs that are under way or have just ended come from the bus, all others from the history. The
    history, which keeps the events of the span ``kept``, is read backwards from the newest event
    until enough runs are found. Since a run's end is read before its beginning, the run is not
    mistaken for a lost run. Runs that began in the same millisecond are always on the same page.
    Raises HistoryUnavailableError.
    """
    if wanted.state is RunState.RUNNING:
        return _page(_sorted(live, (), wanted), wanted.limit)
    stored: dict[tuple[RunKey, str], Event] = {}
    start, until, size = max(wanted.start, kept.start), kept.end, _AT_ONCE
    while True:
        query = EventQuery(RUN, start, until, wanted.host, size)
        events = await read(query)
        stored |= {(key_of(each), each.id): each for each in events}
        is_all = len(events) < size
        oldest = 0 if is_all else events[0].timestamp
        runs = await asyncio.to_thread(_sorted, live, stored.values(), wanted)
        known = [run for run in runs if is_all or run.started > oldest]
        if is_all or len(known) > wanted.limit:
            return _page(known, wanted.limit)
        until = oldest + 1 if oldest + 1 < until else oldest
        size *= 2


def _sorted(live: Live, stored: Iterable[Event], wanted: Wanted) -> list[Run]:
    runs = (run for run in live.combined(stored).values() if wanted.includes(run))
    return sorted(runs, key=lambda run: (-run.started, run.key))


def _page(runs: list[Run], limit: int) -> Page:
    if len(runs) <= limit:
        return Page(runs, None)
    last = runs[limit - 1].started
    page = [run for run in runs if run.started >= last]
    return Page(page, last if len(page) < len(runs) else None)
