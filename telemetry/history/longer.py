"""Answers a query from samples, and from one-minute summaries of samples that have expired.

A one-minute summary is called a minute. A store keeps samples for a short time, called the window,
and minutes for longer. If a query begins more than a minute before the window, the answer contains
minutes up to a time called the seam, and samples from the seam on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from telemetry.history.buckets import bucket_width, mark_outages
from telemetry.history.port import Columns, Query
from telemetry.history.window import Windows

MINUTE = 60_000
SETTLED = MINUTE + 5_000
"""A minute is computed at least this many ms after its start, to wait for its last samples."""

_MISSED_MINUTES = 2.5


@dataclass(frozen=True, slots=True)
class Source:
    """A store's query functions; each answer maps channels to columns.

    An answer contains only the channels that have points. ``samples`` answers a query from the
    samples. ``minutes`` returns the minutes in the query's span. ``buckets`` also takes a seam and
    a width in milliseconds, and aggregates minutes over buckets of this width. For the time after
    the seam, it computes these minutes from the samples. Only ``samples`` adds a null point in each
    outage.
    """

    samples: Callable[[Query], dict[str, Columns]]
    minutes: Callable[[Query], dict[str, Columns]]
    buckets: Callable[[Query, int, int], dict[str, Columns]]


def minute_of(timestamp: int) -> int:
    """Return the start of the minute that contains ``timestamp``."""
    return timestamp // MINUTE * MINUTE


def first_minute(windows: Windows, start: int | None) -> int | None:
    """Return the time from which minutes are read; None if they are not needed or not kept."""
    if start is None or windows.minutes is None or not _is_before(windows, start):
        return None
    return max(start, windows.minutes.start)


def read(query: Query, windows: Windows, source: Source) -> dict[str, Columns]:
    """Answer ``query`` from samples, from minutes or from both, depending on its span."""
    if windows.minutes is None or not _is_before(windows, query.start):
        clipped = windows.samples.clip(query)
        return {} if clipped is None else source.samples(clipped)
    clipped = windows.minutes.clip(query)
    if clipped is None:
        return {}
    seam = min(_seam(windows), clipped.end)
    if _minutes_in(clipped) + 2 > clipped.max_points:  # 2: a sample, and the mark of an outage
        width = max(MINUTE, bucket_width(clipped))
        answers = source.buckets(clipped, seam, width)
        return {name: _marked(each) for name, each in answers.items()}
    past = replace(clipped, end=seam)
    earlier = {name: _marked(each) for name, each in source.minutes(past).items()}
    if seam == clipped.end:
        return earlier
    left = clipped.max_points - _minutes_in(past) - 1
    later = source.samples(replace(clipped, start=seam, max_points=left))
    return {
        name: _joined(earlier.get(name), later.get(name), seam)
        for name in query.channels
        if name in earlier or name in later
    }


def _is_before(windows: Windows, start: int) -> bool:
    """Return whether ``start`` is more than a minute before the window.

    The window moves on while a query is on its way. So by the time a query for the whole window
    arrives, its start is slightly before the window. Such a query needs no minutes.
    """
    return start < windows.samples.start - MINUTE


def _seam(windows: Windows) -> int:
    """Return the start of the first full minute in the window.

    If the window is shorter than three minutes, return the start of the minute in which it begins
    instead, because this minute might not have been computed yet.
    """
    start = windows.samples.start
    return (
        minute_of(start - 1) + MINUTE if windows.samples.length >= 3 * MINUTE else minute_of(start)
    )


def _minutes_in(query: Query) -> int:
    return -(-(query.end - query.start) // MINUTE)


def _marked(columns: Columns) -> Columns:
    """Return ``columns`` with a null point in each outage; each minute counts as one sample."""
    width = columns.bucket_width or MINUTE
    return mark_outages(columns, len(columns.timestamps) * width // MINUTE)


def _joined(earlier: Columns | None, later: Columns | None, seam: int) -> Columns:
    """Return the minutes in ``earlier`` and the samples in ``later`` as one answer."""
    if earlier is None or later is None:
        return earlier or later or Columns([], {})
    first, last = later.timestamps[0], earlier.timestamps[-1]
    hole = [last + MINUTE] if first - last > _MISSED_MINUTES * MINUTE else []
    fields = {
        name: [
            *earlier.fields.get(name, [None] * len(earlier.timestamps)),
            *([None] * len(hole)),
            *later.fields.get(name, [None] * len(later.timestamps)),
        ]
        for name in {**earlier.fields, **later.fields}
    }
    timestamps = [*earlier.timestamps, *hole, *later.timestamps]
    return Columns(timestamps, fields, later.bucket_width, seam)
