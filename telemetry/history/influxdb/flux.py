"""Writes queries in Flux, the query language of InfluxDB, and parses the results (CSV). Pure.

User input never becomes part of a query: it is passed as a parameter.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from pydantic import TypeAdapter

from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb.names import EMPTY, FIELDS, MEASUREMENTS, Series, decode, encode
from telemetry.history.port import Aggregate

Value: TypeAlias = str | datetime | timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# Makes one row per time instead of one row per value: the answer has a quarter of the bytes, and
# takes a quarter of the time to parse.
PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
KEEP = 'keep(columns: ["_measurement", "gpu", "_field", "_time", "_value"])'
WINDOW = (
    'aggregateWindow(every: every, offset: offset, fn: {}, createEmpty: false, timeSrc: "_start")'
)
_ONE_OF = r"r._field =~ /^({})(\.|$)/"
OUR_FIELDS = _ONE_OF.format("|".join(FIELDS))
OUR_MEASUREMENTS = " or ".join(f'r._measurement == "{each}"' for each in MEASUREMENTS)

# The columns of a pivoted table that are not fields; the column "" is for annotations.
_NO_FIELDS = {"", "result", "table", "_time", "_measurement", "gpu", EMPTY}


@dataclass(frozen=True, slots=True)
class Script:
    """A Flux script and the values of its variables."""

    text: str
    parameters: Mapping[str, Value]

    def request(self) -> dict[str, object]:
        """Return the body of the request that runs this script; the response is CSV."""
        variables = [
            {
                "type": "OptionStatement",
                "assignment": {
                    "type": "VariableAssignment",
                    "id": {"type": "Identifier", "name": name},
                    "init": _literal(value),
                },
            }
            for name, value in self.parameters.items()
        ]
        return {
            "query": self.text,
            "dialect": {"header": True, "annotations": [], "delimiter": ","},
            "extern": {"type": "File", "imports": [], "body": variables},
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """Selects the samples of one host's ``series`` in ``bucket``.

    ``start`` (inclusive) and ``end`` (exclusive) are Unix milliseconds. If ``fields`` is not empty,
    only the columns of these fields are selected. Fields that are not in the catalogue are ignored.
    """

    bucket: str
    host: str
    series: Sequence[Series]
    start: int
    end: int
    fields: Collection[str] = ()

    def count(self) -> Script:
        """Return the script that counts the values of each field in each series."""
        return self._script("count()")

    def samples(self) -> Script:
        """Return the script that reads the samples without aggregating them."""
        return self._script(then=PIVOT)

    def buckets(self, width: int, aggregate: Aggregate) -> Script:
        """Return the script that aggregates the samples over buckets of ``width`` ms.

        These buckets are spans of time, unlike the InfluxDB bucket ``bucket``. By default, InfluxDB
        aligns them to the epoch, so the script sets an offset that aligns them to ``start``.
        """
        return self._script(
            WINDOW.format(aggregate.value),
            then=PIVOT,
            every=width * MILLISECOND,
            offset=self.start % width * MILLISECOND,
        )

    def source(
        self,
        *steps: str,
        bucket: str = "bucket",
        start: str = "start",
        stop: str = "stop",
        condition: str = "",
    ) -> str:
        """Return Flux code that selects the samples and applies ``steps``.

        ``bucket``, ``start`` and ``stop`` name variables in the script. ``condition`` is Flux code
        to append to the filter's condition.
        """
        any_series = " or ".join(
            f"(r._measurement == measurement{index}{f' and r.gpu == gpu{index}' if gpu else ''})"
            for index, (_, gpu) in enumerate(self.series)
        )
        chosen = [each for each in FIELDS if each in (*self.fields, EMPTY)]
        fields = _ONE_OF.format("|".join(chosen)) if self.fields else OUR_FIELDS
        return "\n  |> ".join(
            [
                f"from(bucket: {bucket})",
                f"range(start: {start}, stop: {stop})",
                f"filter(fn: (r) => r.host == host and ({any_series}) and {fields}{condition})",
                *steps,
                KEEP,
            ]
        )

    def parameters(self) -> dict[str, Value]:
        """Return the values of the variables that the code from ``source`` uses, keyed by name."""
        measurements = {f"measurement{i}": each.measurement for i, each in enumerate(self.series)}
        gpus = {f"gpu{i}": each.gpu for i, each in enumerate(self.series) if each.gpu}
        return {
            "bucket": self.bucket,
            "host": encode(self.host),
            "start": time_of(self.start),
            "stop": time_of(self.end),
            **measurements,
            **gpus,
        }

    def _script(self, *steps: str, then: str = "", **parameters: timedelta) -> Script:
        text = "\n  |> ".join([self.source(*steps), *([then] if then else [])])
        return Script(text, {**self.parameters(), **parameters})


def hosts(bucket: str, start: int, end: int) -> Script:
    """Return the script that finds the hosts with points in ``bucket``."""
    return _first_of(["host"], {"bucket": bucket}, start, end)


def channels(bucket: str, host: str, start: int, end: int) -> Script:
    """Return the script that finds the series of ``host`` with points in ``bucket``."""
    names = {"bucket": bucket, "host": encode(host)}
    return _first_of(["_measurement", "gpu"], names, start, end)


def _first_of(columns: Sequence[str], names: Mapping[str, str], start: int, end: int) -> Script:
    """Return the script that finds each distinct combination of values in ``columns``."""
    condition = " and r.host == host" if "host" in names else ""
    listed = json.dumps(columns)
    text = (
        "from(bucket: bucket)\n  |> range(start: start, stop: stop)\n"
        f"  |> filter(fn: (r) => ({OUR_MEASUREMENTS}) and {OUR_FIELDS}{condition})\n"
        f"  |> group(columns: {listed})\n  |> first()\n  |> keep(columns: {listed})"
    )
    return Script(text, {**names, "start": time_of(start), "stop": time_of(end)})


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a result: the strings in each column. A missing value is an empty string."""

    columns: Mapping[str, Sequence[str]]

    def key(self, column: str) -> str:
        """Return the value that all rows have in ``column``, or "" if the column is missing."""
        return self.columns[column][0] if column in self.columns else ""

    @property
    def series(self) -> Series:
        """The series that the table belongs to."""
        return Series(self.key("_measurement"), self.key("gpu"))

    def times(self) -> list[int]:
        """Return each row's time in Unix milliseconds."""
        moments = map(datetime.fromisoformat, self.columns["_time"])
        return [(moment - _EPOCH) // MILLISECOND for moment in moments]

    def count(self) -> int:
        """Return the largest count in a result of ``Selection.count``.

        This is the number of samples if at least one field has no nulls.
        """
        return max(map(int, self.columns["_value"]))

    def values(self, rows: Sequence[int]) -> dict[str, list[float | None]]:
        """Return the values of each field in the given ``rows``; the table must be pivoted."""
        return {
            decode(name): _numbers([texts[row] or "null" for row in rows])
            for name, texts in self.columns.items()
            if name not in _NO_FIELDS
        }


def _numbers(texts: Sequence[str]) -> list[float | None]:
    """Parse numbers and nulls as JSON.

    For 17-digit numbers, this is 8 times as fast as ``float``.
    """
    return _list_of_numbers().validate_json(f"[{','.join(texts)}]", strict=True)


@cache
def _list_of_numbers() -> TypeAdapter[list[float | None]]:
    return TypeAdapter(list[float | None])


def tables(answer: str) -> Iterator[Table]:
    """Parse the result of a script, which is CSV without annotations.

    If two successive tables have different columns, an empty line and a header separate the tables.
    Raises HistoryUnavailableError if the script failed after InfluxDB had begun to respond.
    """
    for has_cells, lines in groupby(csv.reader(io.StringIO(answer, newline="")), key=bool):
        if has_cells:
            yield from _section(lines)


def _section(lines: Iterator[list[str]]) -> Iterator[Table]:
    header = next(lines)
    if "error" in header:
        reason = next(lines)[header.index("error")]
        raise HistoryUnavailableError(f"The query failed in InfluxDB: {reason}.")
    table = itemgetter(header.index("result"), header.index("table"))
    for _, cells in groupby(lines, key=table):
        yield Table(dict(zip(header, zip(*cells, strict=True), strict=True)))


def _literal(value: Value) -> dict[str, object]:
    """Return ``value`` as a node of Flux's syntax tree."""
    if isinstance(value, str):
        return {"type": "StringLiteral", "value": value}
    if isinstance(value, datetime):
        return {"type": "DateTimeLiteral", "value": value.isoformat()}
    length = {"magnitude": value // MILLISECOND, "unit": "ms"}
    return {"type": "DurationLiteral", "values": [length]}


def time_of(timestamp: int) -> datetime:
    """Convert ``timestamp``, in Unix milliseconds, to a datetime."""
    return _EPOCH + timestamp * MILLISECOND
