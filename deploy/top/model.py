"""What `system-monitor top` shows, and how key presses change it. This module needs no terminal."""

from collections.abc import Mapping

from api.live.newest import HostState
from deploy.top import hosts, processes
from deploy.top.findings import finding_lines
from deploy.top.gpus import gpu_lines
from deploy.top.hosts import is_host, state_of, summary
from deploy.top.lines import Line, Span, Style
from deploy.top.machine import machine_lines
from deploy.top.processes import process_lines
from deploy.top.series import Series
from telemetry.catalogue import GPU
from telemetry.printable import printable

_LISTED = 5
_STATES = {"live": Style.GOOD, "stale": Style.WARNING, "offline": Style.WARNING}


class Model:
    """The page of one host, or of all hosts.

    If there are several hosts and ``host`` is not given, the first page is the table of all hosts.
    The methods ``sort``, ``reverse``, ``open``, ``back`` and ``move`` handle keys: they change what
    ``lines`` returns.
    """

    def __init__(self, states: Mapping[str, HostState], host: str | None = None) -> None:
        """Show the hosts in ``states``, or only ``host`` if it is given.

        ``states`` contains the newest values of each host; the caller keeps it up to date.
        """
        self._states = states
        self._chosen = host
        self._only = host
        self._everything = False
        self._selected: str | None = None
        self._order: list[str] = []
        self._series = Series()
        self.host_sorting = hosts.SORTING
        self.process_sorting = processes.SORTING

    @property
    def host(self) -> str | None:
        """The host that is shown; None if all hosts are shown."""
        names = self._names()
        if self._chosen is not None or self._everything:
            return self._chosen
        return names[0] if len(names) == 1 else None

    def sort(self) -> None:
        """Sort by the next column."""
        if self.host is None:
            self.host_sorting = self.host_sorting.next()
        else:
            self.process_sorting = self.process_sorting.next()

    def reverse(self) -> None:
        """Sort in the other direction."""
        if self.host is None:
            self.host_sorting = self.host_sorting.reversed()
        else:
            self.process_sorting = self.process_sorting.reversed()

    def open(self) -> None:
        """Show the selected host."""
        if self.host is None and self._selected in self._states:
            self._chosen = self._selected

    def back(self) -> None:
        """Show all hosts, unless the page is limited to one host."""
        if self._only is None:
            self._selected = self.host or self._selected
            self._chosen, self._everything = None, True

    def move(self, steps: int) -> None:
        """Select another host in the table of hosts; on a host's page, show another host."""
        if self._only is not None or not self._order:
            return
        current = self.host or self._selected
        index = self._order.index(current) if current in self._order else 0
        if self.host is None:
            index = max(0, min(len(self._order) - 1, index + steps))
        else:
            index = (index + steps) % len(self._order)
            self._chosen = self._order[index]
        self._selected = self._order[index]

    def note(self) -> None:
        """Record the newest values of the shown hosts for the sparklines."""
        shown = self.host
        for name in [shown] if shown else self._names():
            if name in self._states:
                self._series.note(self._states[name])

    def lines(self, outage: str | None, width: int, height: int, now: int) -> list[Line]:
        """Return the whole page for a terminal of this size; ``now`` is in Unix milliseconds.

        ``outage`` is the reason no messages arrive, or None if the connection works.
        """
        notice = [] if outage is None else [(Span(printable(outage), Style.CRITICAL),)]
        rows = hosts.sorted_hosts(
            (summary(self._states[name], now) for name in self._names()), self.host_sorting
        )
        self._order = [each.name for each in rows]
        if self.host is not None:
            return notice + self._one(self.host, width, now)
        if not rows:
            return [*notice, (Span("Waiting for the first samples …", Style.DIM),)]
        if self._selected not in self._order:
            self._selected = self._order[0]
        left = height - len(notice)
        return notice + hosts.host_lines(rows, self.host_sorting, self._selected, width, left)

    def _names(self) -> list[str]:
        return [name for name, state in self._states.items() if is_host(state)]

    def _one(self, name: str, width: int, now: int) -> list[Line]:
        state = self._states.get(name)
        if state is None:
            return [(Span(self._absence(name), Style.WARNING),)]
        return [
            _title(state, now),
            *finding_lines(state, width, now),
            *gpu_lines(state, self._series, width, now),
            *machine_lines(state, self._series, width, now),
            *process_lines(state, self.process_sorting, width, now),
        ]

    def _absence(self, name: str) -> str:
        known = self._names()
        if not known:
            return f"Waiting for the first sample of {name!r} …"
        more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        listed = ", ".join(map(repr, known[:_LISTED]))
        return printable(f"{name!r} has sent nothing; known hosts: {listed}{more}.")


def _title(host: HostState, now: int) -> Line:
    state, gpus = state_of(host, now), len(host.samples(GPU))
    count = f"{gpus} GPU{'' if gpus == 1 else 's'}"
    facts = [count] if gpus else []
    if host.status is not None:
        facts.append(f"a sample every {host.status.interval:g} s")
    return (
        Span(printable(host.name), Style.TITLE),
        Span(f"  {state}", _STATES[state]),
        Span(f"  {', '.join(facts)}", Style.DIM),
    )
