"""Computes bucket widths, and marks outages, for both stores (SQLite and InfluxDB).

A bucket is a span of time whose samples are aggregated into one point. It is not one of
InfluxDB's own buckets, which are databases.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from telemetry.history.port import Columns, Query

# If more than this number of intervals pass between two samples, there was an outage. A single
# sample that is missing or late is not an outage.
_MISSED_INTERVALS = 2.5
# The same limit for buckets, as a number of widths. Adjacent buckets start one width apart, and two
# buckets with an empty bucket between them start two widths apart.
_MISSED_BUCKETS = 1.5


def bucket_width(query: Query) -> int:
    """Return the smallest width in ms at which ``max_points`` buckets cover the query's span."""
    return max(1, -(-(query.end - query.start) // query.max_points))


def mark_outages(columns: Columns, samples: int | None = None) -> Columns:
    """Return ``columns`` with one null point inside each outage.

    At a null point, every field is None. ``samples`` is the total number of samples in the buckets,
    or None if each point is one sample. If the points are buckets, each null point stands for an
    empty bucket, so the result never has more points than ``max_points``. If the points are
    samples, the result may have more.
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
    """Return the usual time between samples, in milliseconds.

    For buckets, this is the median distance between them, divided by the mean number of samples per
    bucket. The median is used because outages hardly change it.
    """
    if samples is None:
        return median(distances)
    return median(distances) / max(1.0, samples / (len(distances) + 1))
