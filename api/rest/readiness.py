"""Determines whether each part of the monitor is ready, as far as this process can observe it."""

import asyncio
import dataclasses
from collections.abc import Sequence

from api.live.subscription import Subscription
from api.rest.clocks import clock_notes, clocks_off
from api.rest.history import History
from api.rest.live_samples import LiveSamples
from telemetry.errors import HistoryError
from telemetry.reports import Report, Reporter, gauge

_CLOCKS_OFF = "Live hosts whose clocks differ from the clock of this machine by more than a minute"
_CHECK_SECONDS = 30.0
_PATIENCE_SECONDS = 0.05


class Readiness:
    """Collects the reports of the parts in this process and checks the history.

    If the API runs in its own process, it cannot observe the ingester, so this class compares the
    history with the live samples. If live samples are missing from the history, it is not ready,
    whatever the cause.

    The history is checked every 30 s, and whenever a request asks for its state. If this
    check takes longer than 0.05 s, the request gets the result of the previous check.
    """

    def __init__(
        self, live: Subscription, history: History, window: int, others: Sequence[Reporter]
    ) -> None:
        """Report on ``live`` and ``history``; each of ``others`` returns another part's report.

        ``history`` should serve only the checks, because other calls would delay them.
        The history keeps samples for ``window`` milliseconds.
        """
        self._live = live
        self._history = history
        self._window = window
        self._samples = LiveSamples(live.newest, history, window)
        self._others = others
        self._known = Report("history", "The history has not answered yet.")
        self._check: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Check the history every 30 s, until the task is cancelled."""
        while True:
            await self._history_report()
            await asyncio.sleep(_CHECK_SECONDS)

    async def reports(self) -> list[Report]:
        """Return the report of each part."""
        others = [reporter() for reporter in self._others]
        return [self._live.report(), await self._history_report(), *others]

    async def history_problem(self) -> str | None:
        """Return why the history cannot be read or lacks new samples; None if it has no problem."""
        for report in await self.reports():
            if report.part in ("history", "ingester") and report.problem is not None:
                return report.problem
        return None

    async def _history_report(self) -> Report:
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._check_history())
        await asyncio.wait([self._check], timeout=_PATIENCE_SECONDS)
        off = clocks_off(self._live.newest.hosts, self._window)
        return dataclasses.replace(
            self._known,
            counts=(gauge("clocks_off", _CLOCKS_OFF, len(off)),),
            notes=(*clock_notes(off, self._window), *self._known.notes),
        )

    async def _check_history(self) -> None:
        try:
            await self._history.ping()
            notes = await self._history.notes()
            self._known = Report("history", await self._samples.problem(), notes=tuple(notes))
        except HistoryError as error:
            self._known = Report("history", str(error))
        except Exception as error:  # noqa: BLE001 - the result of an earlier check must not remain
            self._known = Report("history", f"The history cannot be checked ({error!r}).")
