"""Builds the reader's SQL queries for samples, hosts and channels."""

from collections.abc import Sequence

from telemetry.history.port import Aggregate

# S608 (SQL injection) does not apply: only constants and names of columns are inserted below.
SPAN = (
    "FROM sample WHERE channel_id = :channel AND block = :block "
    "AND timestamp >= :start AND timestamp < :end"
)
COUNT = f"SELECT count(*) {SPAN}"
# SQLite would sort the samples to group them by an expression. It reads them in order if the outer
# table is in order.
MAKE_BUCKETS = "CREATE TEMP TABLE bucket (start INTEGER PRIMARY KEY)"
CLEAR_BUCKETS = "DELETE FROM temp.bucket"
FILL_BUCKETS = (
    "INSERT INTO temp.bucket WITH RECURSIVE every(start) AS (SELECT :start UNION ALL "
    "SELECT start + :width FROM every WHERE start + :width < :end) SELECT start FROM every"
)
_IN_BUCKETS = (
    "FROM temp.bucket AS bucket CROSS JOIN sample ON channel_id = :channel AND block = :block "
    "AND timestamp >= bucket.start AND timestamp < min(bucket.start + :width, :end) "
    "GROUP BY bucket.start"
)
BUCKET = ":start + (timestamp - :start) / :width * :width AS bucket"
_FUNCTIONS = {Aggregate.MEAN: "avg", Aggregate.MIN: "min", Aggregate.MAX: "max"}


def samples(values: Sequence[str], _aggregate: Aggregate) -> str:
    """Return the query for the time and the ``values`` of each sample, ordered by time."""
    return f"SELECT {', '.join(['timestamp', *values])} {SPAN} ORDER BY timestamp"


def buckets(values: Sequence[str], aggregate: Aggregate) -> str:
    """Return the query for the start and the aggregates of each bucket that has samples.

    The table ``bucket`` holds the start of each bucket.
    """
    if aggregate is Aggregate.LAST:
        return _last(values)
    columns = ["bucket.start", *(f"{_FUNCTIONS[aggregate]}({value})" for value in values)]
    return f"SELECT {', '.join(columns)} {_IN_BUCKETS} ORDER BY bucket.start"


def _last(names: Sequence[str]) -> str:
    # SQLite has no last(): take the time of each field's last value, then the value at that time.
    times = [
        f"max(CASE WHEN {value} IS NOT NULL THEN timestamp END) AS last_{value}" for value in names
    ]
    values = [
        f"(SELECT {value} FROM sample WHERE channel_id = :channel AND block = :block "  # noqa: S608
        f"AND timestamp = last_{value})"
        for value in names
    ]
    return (
        f"SELECT {', '.join(['start', *values])} FROM "  # noqa: S608
        f"(SELECT {', '.join(['bucket.start', *times])} {_IN_BUCKETS}) ORDER BY start"
    )


_HAS_SAMPLES = (
    "(EXISTS (SELECT 1 FROM sample "
    "WHERE channel_id = channel.id AND block = 0 AND timestamp >= :start AND timestamp < :end) "
    "OR EXISTS (SELECT 1 FROM minute "
    "WHERE channel_id = channel.id AND block = 0 AND timestamp >= :minutes AND timestamp < :end))"
)
HOSTS = f"SELECT DISTINCT host FROM channel WHERE {_HAS_SAMPLES} ORDER BY host"  # noqa: S608
CHANNELS = f"SELECT name FROM channel WHERE host = :host AND {_HAS_SAMPLES} ORDER BY name"  # noqa: S608
