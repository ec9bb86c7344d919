"""Reads the history of a time span of any length, in requests of limited size."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from api.rest.table import Row, column_names, rows
from deploy.export.server import Answer, ExportError, Selection
from telemetry.history.longer import MINUTE
from telemetry.history.port import Aggregate

_DAY = 86_400_000
_OVERVIEW = 7 * _DAY  # reading the column names of a week takes about 1 s on a large machine
_MAX_POINTS = 1_000  # per channel and request: about 10 MB for a machine with 1000 columns
_LONGEST = 6 * 3_600_000
_SHORTEST = 2_000


class Reader(Protocol):
    """Reads part of the history."""

    def read(self, selection: Selection, start: int, end: int, max_points: int) -> Answer:
        """Return the history from ``start`` to ``end`` (Unix milliseconds). Raises ExportError."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The span and the columns to export; ``selection`` names the host."""

    selection: Selection
    start: int
    end: int
    columns: tuple[str, ...]


def plan(server: Reader, selection: Selection, start: int, end: int) -> Plan:
    """Return the plan for the span from ``start`` to ``end`` (Unix milliseconds).

    The plan's span may begin later than ``start``, but it leaves out no data. The plan has every
    column with data in the span. Raises ExportError.
    """
    columns: dict[str, None] = {}
    position, first = start, start
    while position < end:
        stop = min(position + _OVERVIEW, end)
        answer = server.read(selection, position, stop, 1)
        selection = replace(selection, host=answer.host)
        columns |= dict.fromkeys(column_names(answer.channels))
        if not columns:
            first = max(position, answer.start)
        position = max(stop, answer.start)
    return Plan(selection, first, end, tuple(columns))


def read(server: Reader, plan: Plan) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the rows, oldest first: the time in Unix ms, and the values by column name.

    A row contains the values of all samples of one tick, or the means over one minute. Unknown
    values are left out. Raises ExportError.
    """
    position, length = plan.start, _LONGEST
    while position < plan.end:
        stop = min(position + length, plan.end)
        answer = server.read(plan.selection, position, stop, _MAX_POINTS)
        if _is_aggregated(answer):
            length = _shorter(length)
            continue
        names, found = column_names(answer.channels), list(rows(answer.channels, Aggregate.MEAN))
        if stop < plan.end and len(found) > 1:
            # The request may end within the last tick: the next request reads that tick again.
            stop = found.pop()[0]
        yield from _with_values(names, found)
        position = stop


def _is_aggregated(answer: Answer) -> bool:
    return any(each.bucket_width not in (None, MINUTE) for each in answer.channels.values())


def _shorter(length: int) -> int:
    if length <= _SHORTEST:
        raise ExportError(
            "The server returns aggregates instead of samples even if only 2 s are requested at a "
            "time: choose fewer columns with --fields."
        )
    return max(_SHORTEST, length // 2)


def _with_values(names: list[str], found: list[Row]) -> Iterator[tuple[int, dict[str, float]]]:
    for time, cells in found:
        pairs = zip(names, cells, strict=True)
        values = {name: value for name, value in pairs if value is not None}
        if values:
            yield time, values
