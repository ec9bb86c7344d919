"""How a span of samples becomes at most ``max_points`` points, the same for each adapter."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from telemetry.history.port import Columns, Query

# More than two intervals without a sample is an outage; one late sample is not.
_MISSED_INTERVALS = 2.5
# Between two neighbouring buckets lies one width; with an empty bucket between them, two.
_MISSED_BUCKETS = 1.5


def bucket_width(query: Query) -> int:
    """Return the width in milliseconds that cuts the query's span into ``max_points`` buckets."""
    return max(1, -(-(query.end - query.start) // query.max_points))


def mark_outages(columns: Columns, counts: Sequence[int] | None = None) -> Columns:
    """Return ``columns`` with one null point inside each outage.

    ``counts`` are the samples in each bucket, or None where the points are samples themselves.
    A marked bucket was an empty one, so that buckets and marks together stay within the query's
    ``max_points``; samples and marks together may not.
    """
    times = columns.timestamps
    distances = [later - earlier for earlier, later in pairwise(times)]
    if not distances:
        return columns
    interval = _interval(distances, counts)
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


def _interval(distances: Sequence[int], counts: Sequence[int] | None) -> float:
    """Return the usual milliseconds from one sample to the next.

    A bucket's samples share the way to the next bucket; the median ignores the outages.
    """
    if counts is None:
        return median(distances)
    return median(distance / count for distance, count in zip(distances, counts, strict=False))
