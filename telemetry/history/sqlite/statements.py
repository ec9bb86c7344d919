"""The SQL queries of the reader."""

from telemetry.history.port import Aggregate
from telemetry.history.sqlite.migrations import VALUES

# S608: the statements below are built only from names of columns.
SPAN = (
    "FROM sample WHERE channel_id = :channel AND block = :block "
    "AND timestamp >= :start AND timestamp < :end"
)
COUNT = f"SELECT count(*) {SPAN}"
SAMPLES = f"SELECT timestamp, {', '.join(VALUES)} {SPAN} ORDER BY timestamp"
_BUCKET = ":start + (timestamp - :start) / :width * :width AS bucket"


def _aggregated(function: str) -> str:
    values = ", ".join(f"{function}({value})" for value in VALUES)
    return f"SELECT {_BUCKET}, {values} {SPAN} GROUP BY bucket ORDER BY bucket"


def _last() -> str:
    # SQLite has no last(): take the time of each field's last value, then the value at that time.
    times = ", ".join(
        f"max(CASE WHEN {value} IS NOT NULL THEN timestamp END) AS last_{value}" for value in VALUES
    )
    values = ", ".join(
        f"(SELECT {value} FROM sample WHERE channel_id = :channel AND block = :block "  # noqa: S608
        f"AND timestamp = last_{value})"
        for value in VALUES
    )
    return (
        f"SELECT bucket, {values} FROM "  # noqa: S608
        f"(SELECT {_BUCKET}, {times} {SPAN} GROUP BY bucket) ORDER BY bucket"
    )


BUCKETS = {
    Aggregate.MEAN: _aggregated("avg"),
    Aggregate.MIN: _aggregated("min"),
    Aggregate.MAX: _aggregated("max"),
    Aggregate.LAST: _last(),
}
_HAS_SAMPLES = (
    "EXISTS (SELECT 1 FROM sample "
    "WHERE channel_id = channel.id AND block = 0 AND timestamp >= :start AND timestamp < :end)"
)
HOSTS = f"SELECT DISTINCT host FROM channel WHERE {_HAS_SAMPLES} ORDER BY host"  # noqa: S608
CHANNELS = f"SELECT name FROM channel WHERE host = :host AND {_HAS_SAMPLES} ORDER BY name"  # noqa: S608
