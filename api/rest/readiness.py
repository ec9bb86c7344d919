"""Whether the parts are ready, as far as this process can observe."""

from collections.abc import Sequence

from api.live.subscription import Subscription
from api.rest.clocks import clock_notes, clocks_off
from api.rest.history import History
from api.rest.live_samples import LiveSamples
from telemetry.errors import HistoryUnavailableError
from telemetry.reports import Report, Reporter, gauge

_CLOCKS_OFF = "Live hosts whose clocks differ from this machine's by more than a minute"


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
        self._samples = LiveSamples(live.newest, history, window)
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
        off = clocks_off(self._live.newest.hosts, self._window)
        counts = (gauge("clocks_off", _CLOCKS_OFF, len(off)),)
        notes = clock_notes(off, self._window)
        try:
            await self._history.ping()
            notes += await self._history.notes()
            problem = await self._samples.problem()
        except HistoryUnavailableError as error:
            problem = str(error)
        return Report("history", problem, counts, tuple(notes))
