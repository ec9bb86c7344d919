"""Whether the parts can do their work, as far as it is seen from here."""

import time
from collections.abc import Sequence

from api.live.newest import HostState, Update
from api.live.subscription import Live
from api.rest.history import History
from api.rest.views import DEFAULT_INTERVAL_SECONDS
from telemetry.catalogue import Retention, family_of
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.port import Query
from telemetry.reports import Report, Reporter
from telemetry.samples import Sample

# The ingester stores within a second or so; this many seconds more mean that it does not.
_BEHIND_SECONDS = 10.0
_BEHIND_INTERVALS = 3


class Readiness:
    """Collects the reports of the parts in this process, and judges the history from outside.

    An api on its own sees no ingester. It sees samples arrive live, and whether they arrive in the
    history too: that they do not is a problem, whoever has it.
    """

    def __init__(
        self, live: Live, history: History, window: int, others: Sequence[Reporter]
    ) -> None:
        """Ask ``others`` for their reports besides ``live`` and ``history``, of ``window`` ms."""
        self._live = live
        self._history = history
        self._window = window
        self._others = others

    async def reports(self) -> list[Report]:
        """Return a report of each part."""
        others = [reporter() for reporter in self._others]
        return [self._live.report(), await self._history_report(), *others]

    async def history_problem(self) -> str | None:
        """Return why the history cannot be read or does not grow, in a sentence."""
        for report in await self.reports():
            if report.part in ("history", "ingester") and report.problem is not None:
                return report.problem
        return None

    async def _history_report(self) -> Report:
        try:
            await self._history.ping()
            notes = await self._history.notes()
            return Report("history", await self._missing(), notes=tuple(notes))
        except HistoryUnavailableError as error:
            return Report("history", str(error))

    async def _missing(self) -> str | None:
        """Say that what arrives live does not arrive in the history."""
        host = max(self._live.newest.hosts.values(), key=lambda each: each.heard, default=None)
        if host is None:
            return None
        patience, now = _patience(host), time.monotonic()
        fresh = [each for each in _samples(host) if now - each.arrived < patience]
        if not fresh or now - host.since < 2 * patience:
            return None  # silent, or new here
        newest = max(update.content.timestamp for update in fresh)
        if newest < unix_milliseconds() - self._window:
            return None  # too old for the history
        channels = tuple(update.channel for update in fresh)
        start = newest - round(patience * 1000)
        if await self._history.read(Query(host.name, channels, start, newest + 1, max_points=1)):
            return None
        return (
            f"The history has nothing of the last {patience:g} s of {host.name!r}, which is live: "
            "does the ingester run, and can it write?"
        )


def _patience(host: HostState) -> float:
    interval = DEFAULT_INTERVAL_SECONDS if host.status is None else host.status.interval
    return _BEHIND_SECONDS + _BEHIND_INTERVALS * interval


def _samples(host: HostState) -> list[Update]:
    """Return the newest samples that arrived live and belong into the history."""
    return [
        update
        for update in host.updates.values()
        if isinstance(update.content, Sample)
        and not update.retained
        and (family := family_of(update.channel)) is not None
        and family.retention is Retention.WINDOW
    ]
