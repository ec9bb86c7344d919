"""Whether the parts are ready, as far as this process can observe."""

import time
from collections.abc import Sequence

from api.live.newest import HostState, Update
from api.live.subscription import Subscription
from api.rest.history import History
from api.rest.views import DEFAULT_INTERVAL_SECONDS
from telemetry.catalogue import Retention, family_of
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.port import Query
from telemetry.reports import Report, Reporter
from telemetry.samples import Sample

# The ingester stores a sample within about a second; a longer lag means that it does not.
_BEHIND_SECONDS = 10.0
_BEHIND_INTERVALS = 3


class Readiness:
    """Collects the reports of the parts in this process, and checks the history from outside.

    An api that runs alone cannot see the ingester. It can compare the samples that arrive live with
    the history: samples missing there are a problem, whatever the cause.
    """

    def __init__(
        self, live: Subscription, history: History, window: int, others: Sequence[Reporter]
    ) -> None:
        """Report on ``live``, ``history`` (of ``window`` ms) and ``others``."""
        self._live = live
        self._history = history
        self._window = window
        self._others = others

    async def reports(self) -> list[Report]:
        """Return a report of each part."""
        others = [reporter() for reporter in self._others]
        return [self._live.report(), await self._history_report(), *others]

    async def history_problem(self) -> str | None:
        """Return why the history cannot be read or is not growing, in one sentence; else None."""
        for report in await self.reports():
            if report.part in ("history", "ingester") and report.problem is not None:
                return report.problem
        return None

    async def _history_report(self) -> Report:
        try:
            await self._history.ping()
            notes = await self._history.notes()
            return Report("history", await self._missing_samples(), notes=tuple(notes))
        except HistoryUnavailableError as error:
            return Report("history", str(error))

    async def _missing_samples(self) -> str | None:
        """Return a sentence if the samples of a live host are missing from the history."""
        hosts = self._live.newest.hosts.values()
        host = max(hosts, key=lambda each: each.last_arrival, default=None)
        if host is None:
            return None
        lag, now = _allowed_lag(host), time.monotonic()
        fresh = [each for each in _samples(host) if now - each.arrived < lag]
        if not fresh or now - host.known_since < 2 * lag:
            return None  # the host is silent, or new
        newest = max(update.content.timestamp for update in fresh)
        if newest < unix_milliseconds() - self._window:
            return None  # too old for the history
        channels = tuple(update.channel for update in fresh)
        start = newest - round(lag * 1000)
        if await self._history.read(Query(host.name, channels, start, newest + 1, max_points=1)):
            return None
        return (
            f"The history has no samples of the last {lag:g} s from {host.name!r}, which is live; "
            "check that the ingester is running and can write."
        )


def _allowed_lag(host: HostState) -> float:
    interval = DEFAULT_INTERVAL_SECONDS if host.status is None else host.status.interval
    return _BEHIND_SECONDS + _BEHIND_INTERVALS * interval


def _samples(host: HostState) -> list[Update]:
    """Return the newest samples that arrived live and belong in the history."""
    return [
        update
        for update in host.updates.values()
        if isinstance(update.content, Sample)
        and not update.retained
        and (family := family_of(update.channel)) is not None
        and family.retention is Retention.WINDOW
    ]
