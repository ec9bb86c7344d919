"""How a span of samples becomes at most ``max_points`` points, the same for each adapter."""

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


def mark_outages(columns: Columns, interval: float | None = None) -> Columns:
    """Return ``columns`` with one null point inside each outage.

    ``interval`` is the milliseconds between samples inside a bucket; where it is None the points
    are samples themselves, and their median distance is taken.
    """
    times = columns.timestamps
    distances = [later - earlier for earlier, later in pairwise(times)]
    if not distances:
        return columns
    limit = _MISSED_INTERVALS * (median(distances) if interval is None else interval)
    if columns.bucket_width is not None:
        limit = max(limit, _MISSED_BUCKETS * columns.bucket_width)
    if max(distances) <= limit:
        return columns
    step = columns.bucket_width or round(limit / _MISSED_INTERVALS)
    holes = [index for index, distance in enumerate(distances, start=1) if distance > limit]
    timestamps = list(times)
    fields = {name: list(values) for name, values in columns.fields.items()}
    for index in reversed(holes):
        timestamps.insert(index, times[index - 1] + step)
        for values in fields.values():
            values.insert(index, None)
    return Columns(timestamps, fields, columns.bucket_width)
