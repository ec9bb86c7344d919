"""Puts the points of several channels into one table: a row per time, a column per field."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from statistics import fmean, median
from typing import NamedTuple, TypeAlias

from telemetry.history.port import Aggregate, Columns

Row: TypeAlias = tuple[int, list[float | None]]
"""A time in Unix milliseconds, and the value of each column; an unknown value is None."""

_SAME_TICK = 500  # ms; used if no channel has two samples, so that no interval is known
_MINUTE = 60_000
_CHUNK = 65_536  # characters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGGREGATES: Mapping[Aggregate, Callable[[Sequence[float]], float]] = {
    Aggregate.MEAN: fmean,
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.LAST: lambda values: values[-1],
}


class _Point(NamedTuple):
    """One point of a channel.

    Points are sorted by time. Of points with the same time, the one with the widest bucket comes
    first, and samples come last.
    """

    time: int
    minus_width: int  # minus the bucket's width in milliseconds; 0 for a sample
    channel: int
    position: int  # index of the point in the channel's columns


def csv_chunks(channels: Mapping[str, Columns], aggregate: Aggregate) -> Iterator[str]:
    r"""Yield the table as CSV (RFC 4180, lines end with ``\r\n``) in pieces of about 64 kB.

    No cell begins with text from the bus, such as the name of a disk, which a spreadsheet could
    mistake for a formula. A cell is empty, or contains a number, a time or a column name. A column
    name is ``time`` or begins with ``system/``.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["time", *column_names(channels)])
    for time, cells in rows(channels, aggregate):
        writer.writerow([iso_time(time), *cells])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def column_names(channels: Mapping[str, Columns]) -> list[str]:
    """Return the name of each column, such as ``system/gpu/0.temperature``."""
    return [f"{name}.{field}" for name, columns in channels.items() for field in columns.fields]


def rows(channels: Mapping[str, Columns], aggregate: Aggregate) -> Iterator[Row]:
    """Yield the rows, ordered by time.

    Once per sampling interval, the collector reads all its sensors, normally within a few
    milliseconds. So samples of different channels share a row if they are less than half an
    interval apart. The row has the time of its first sample. If one channel has buckets and another
    channel has samples, the samples go into the row of the bucket that contains them.
    """
    answers = list(channels.values())
    for time, indices in _grouped(answers):
        yield time, list(chain.from_iterable(_cells(answers, indices, aggregate)))


def _grouped(answers: Sequence[Columns]) -> Iterator[tuple[int, Mapping[int, list[int]]]]:
    """Yield each row's time and, for each channel, the indices of its points in the row."""
    tolerance = _tolerance(answers)
    points = sorted(chain.from_iterable(_points(*each) for each in enumerate(answers)))
    start, end, is_bucket = 0, 0, False
    row: dict[int, list[int]] = {}
    for point in points:
        joins = is_bucket or (point.minus_width == 0 and point.channel not in row)
        if not row or point.time >= end or not joins:
            if row:
                yield start, row
            row, start, is_bucket = {}, point.time, point.minus_width < 0
            end = start - point.minus_width if is_bucket else start + tolerance
        row.setdefault(point.channel, []).append(point.position)
    if row:
        yield start, row


def _points(channel: int, columns: Columns) -> Iterator[_Point]:
    seam, width = columns.minutes_until or 0, columns.bucket_width or 0
    for position, time in enumerate(columns.timestamps):
        yield _Point(time, -_MINUTE if time < seam else -width, channel, position)


def _tolerance(answers: Sequence[Columns]) -> int:
    """Return half the shortest sampling interval in ms, or a default if none is known."""
    intervals = []
    for each in answers:
        times = [time for time in each.timestamps if time >= (each.minutes_until or 0)]
        if each.bucket_width is None and len(times) > 1:
            intervals.append(median(later - earlier for earlier, later in pairwise(times)))
    return max(1, round(min(intervals) / 2)) if intervals else _SAME_TICK


def _cells(
    answers: Sequence[Columns], indices: Mapping[int, list[int]], aggregate: Aggregate
) -> Iterator[list[float | None]]:
    """Yield the cells of each channel in one row of the table."""
    for channel, columns in enumerate(answers):
        found = indices.get(channel, ())
        if len(found) == 1:
            yield [values[found[0]] for values in columns.fields.values()]
        else:
            yield [_combined(values, found, aggregate) for values in columns.fields.values()]


def _combined(
    values: Sequence[float | None], indices: Sequence[int], aggregate: Aggregate
) -> float | None:
    known = [value for index in indices if (value := values[index]) is not None]
    return _AGGREGATES[aggregate](known) if known else None


def iso_time(time: int) -> str:
    """Return ``time`` (Unix milliseconds) as an ISO 8601 time in UTC."""
    moment = _EPOCH + timedelta(milliseconds=time)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
