"""Reduces a span of samples to at most ``max_points`` points, the same way for each adapter."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from telemetry.history.port import Columns, Query

# More than two intervals without a sample is an outage; one late sample is not.
_MISSED_INTERVALS = 2.5
# Adjacent buckets start one width apart; with an empty bucket between them, two.
_MISSED_BUCKETS = 1.5


def bucket_width(query: Query) -> int:
    """Return the width in milliseconds that cuts the query's span into ``max_points`` buckets."""
    return max(1, -(-(query.end - query.start) // query.max_points))


def mark_outages(columns: Columns, samples: int | None = None) -> Columns:
    """Return ``columns`` with one null point inside each outage.

    ``samples`` is the total number of samples in the buckets, or None if the points are samples.
    A mark takes the place of an empty bucket, so buckets and marks together never exceed the
    query's ``max_points``. Samples and marks together may exceed it.
    """
    times = columns.timestamps
    distances = [later - earlier for earlier, later in pairwise(times)]
    if not distances:
        return columns
    interval = _interval(distances, samples)
    limit = _MISSED_INTERVALS * interval
    if columns.bucket_width is not None:
        limit = max(limit, _MISSED_BUCKETS * columns.bucket_width)
    holes = [index for index, distance in enumerate(distances, start=1) if distance > limit]
    if not holes:
        return columns
    step = columns.bucket_width or round(interval)
    timestamps = list(times)
    fields = {name: list(values) for name, values in columns.fields.items()}
    for index in reversed(holes):
        timestamps.insert(index, times[index - 1] + step)
        for values in fields.values():
            values.insert(index, None)
    return Columns(timestamps, fields, columns.bucket_width)


def _interval(distances: Sequence[int], samples: int | None) -> float:
    """Return the usual time from one sample to the next, in milliseconds.

    The time to the next bucket is divided by the bucket's sample count; the median ignores
    outages.
    """
    if samples is None:
        return median(distances)
    return median(distances) / max(1.0, samples / (len(distances) + 1))
