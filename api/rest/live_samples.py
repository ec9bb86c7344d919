"""Checks that each host's live samples are also stored in the history."""

import time

from api.live.newest import Newest
from api.rest.history import History
from telemetry.clock import unix_milliseconds
from telemetry.history.port import Query

_HOSTS_AT_ONCE = 10  # per check; if there are more hosts, several checks are needed for all hosts
_LISTED = 5


class LiveSamples:
    """Finds the live hosts whose samples are missing from the history.

    A host is live while its samples arrive. A sample should be in the history within 10 s plus
    three sampling intervals of its arrival here. Arrival times are measured on this machine, so an
    error in the host's clock does not matter. But if that clock is so far off that the history
    discards the samples, the host is skipped.
    """

    def __init__(self, newest: Newest, history: History, window: int) -> None:
        """Compare ``newest`` with ``history``, which keeps samples for ``window`` milliseconds."""
        self._newest = newest
        self._history = history
        self._window = window
        self._stored: dict[str, bool] = {}  # by host; the host checked the longest ago is first

    async def problem(self) -> str | None:
        """Return a sentence about the live hosts without recent samples in the history.

        Return None if there are no such hosts. Raises HistoryUnavailableError.
        """
        queries = self._queries()
        known = {name: stored for name, stored in self._stored.items() if name in queries}
        new = [name for name in queries if name not in known]
        order = [*(n for n in known if not known[n]), *new, *(n for n in known if known[n])]
        self._stored = known
        for name in order[:_HOSTS_AT_ONCE]:
            stored = bool(await self._history.read(queries[name]))
            self._stored.pop(name, None)
            self._stored[name] = stored
        missing = [name for name, stored in self._stored.items() if not stored]
        if not missing:
            return None
        advice = (
            "samples from other hosts are stored, so see the ingester's log for the reason."
            if len(missing) < len(self._stored)
            else "check that the ingester is running and can write."
        )
        which = "which is live" if len(missing) == 1 else "which are live"
        return f"The history has no recent samples from {_listed(missing)}, {which}; {advice}"

    def _queries(self) -> dict[str, Query]:
        """Return a query for each host to check.

        Each query finds a sample if the history keeps up.
        """
        now, clock = time.monotonic(), unix_milliseconds()
        queries = {}
        for name, host in self._newest.hosts.items():
            newest, overdue = host.arrivals.newest, host.arrivals.overdue(now, host.lag)
            if newest is None or overdue is None:
                continue
            start, end = sorted((overdue.timestamp, newest.timestamp))
            if start < clock - self._window or end > clock + self._window:
                continue
            channels = tuple({overdue.channel: None, newest.channel: None})
            queries[name] = Query(name, channels, start, end + 1, max_points=1)
        return queries


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_LISTED])
    more = len(names) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown
