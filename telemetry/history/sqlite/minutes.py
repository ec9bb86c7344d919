"""Aggregates samples into one-minute points, called minutes, and builds queries that read them.

A minute is due if its samples have changed since it was last computed. The table ``due`` lists the
due minutes.
"""

import sqlite3
from collections.abc import Sequence

from telemetry.history.longer import MINUTE
from telemetry.history.port import Aggregate
from telemetry.history.sqlite.migrations import BLOCK, HIGHEST, LOWEST, VALUES
from telemetry.history.sqlite.statements import BUCKET

_AT_ONCE = 200  # rows of ``due`` per transaction, which takes less than 2 MB of the journal

# S608 (SQL injection) does not apply: only constants and names of columns are inserted below.
_DUE = (
    "SELECT channel_id, timestamp FROM due WHERE timestamp < :before "  # noqa: S608
    f"ORDER BY timestamp, channel_id LIMIT {_AT_ONCE}"
)
_AGGREGATES = tuple(
    f"{function}({value})" for function in ("avg", "min", "max") for value in VALUES
)
# If a minute has fewer samples than when it was last computed, keep it: the others have expired.
_ROLL_UP = (
    "INSERT INTO minute "  # noqa: S608
    f"SELECT due.channel_id, part.block, due.timestamp, count(*), {', '.join(_AGGREGATES)} "
    f"FROM ({_DUE}) AS due CROSS JOIN (SELECT DISTINCT channel_id, slot / {BLOCK} AS block "
    "FROM field UNION SELECT id, 0 FROM channel) AS part ON part.channel_id = due.channel_id "
    "CROSS JOIN sample ON sample.channel_id = due.channel_id AND sample.block = part.block "
    f"AND sample.timestamp >= due.timestamp AND sample.timestamp < due.timestamp + {MINUTE} "
    "GROUP BY due.channel_id, part.block, due.timestamp "
    "ON CONFLICT (channel_id, block, timestamp) DO UPDATE SET samples = excluded.samples, "
    + ", ".join(f"{each} = excluded.{each}" for each in (*VALUES, *LOWEST, *HIGHEST))
    + " WHERE excluded.samples >= samples"
)
_DONE = f"DELETE FROM due WHERE (channel_id, timestamp) IN ({_DUE})"  # noqa: S608

_FUNCTIONS = {
    Aggregate.MEAN: "avg",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
    Aggregate.LAST: "avg",
}
_STORED = {
    Aggregate.MEAN: dict(zip(VALUES, VALUES, strict=True)),
    Aggregate.MIN: dict(zip(VALUES, LOWEST, strict=True)),
    Aggregate.MAX: dict(zip(VALUES, HIGHEST, strict=True)),
    Aggregate.LAST: dict(zip(VALUES, VALUES, strict=True)),
}
_CHANNEL = "WHERE channel_id = :channel AND block = :block "
_SPAN = f"FROM minute {_CHANNEL} AND timestamp >= :start AND timestamp < :end"


def roll_up(connection: sqlite3.Connection, before: int) -> bool:
    """Compute some due minutes that start before ``before``; return whether more may be left."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        connection.execute(_ROLL_UP, {"before": before})
        return connection.execute(_DONE, {"before": before}).rowcount == _AT_ONCE


def clear_due(connection: sqlite3.Connection, start: int) -> None:
    """Remove all minutes at or after ``start`` from the list of due minutes."""
    connection.execute("DELETE FROM due WHERE timestamp >= ?", (start,))


def points(values: Sequence[str], aggregate: Aggregate) -> str:
    """Return the query for each minute's start and aggregated ``values``, ordered by time."""
    stored = [_STORED[aggregate][value] for value in values]
    return f"SELECT {', '.join(['timestamp', *stored])} {_SPAN} ORDER BY timestamp"


def buckets(values: Sequence[str], aggregate: Aggregate) -> str:
    """Return the query that aggregates minutes over buckets of ``:width`` milliseconds.

    From ``:seam`` on, the query computes the minutes from samples, because the newest minutes are
    not stored yet.
    """
    stored, made = _STORED[aggregate], _made(values, aggregate)
    renamed = [f"{stored[value]} AS {value}" for value in values]
    minutes = (
        f"SELECT {', '.join(['timestamp', *renamed])} FROM minute {_CHANNEL} "  # noqa: S608
        "AND timestamp >= :start AND timestamp < :seam UNION ALL "
        f"SELECT {', '.join([f'timestamp / {MINUTE} * {MINUTE} AS minute', *made])} "
        f"FROM sample {_CHANNEL} AND timestamp >= :seam AND timestamp < :end GROUP BY minute"
    )
    if aggregate is Aggregate.LAST:
        return _last(values, minutes)
    return f"SELECT {', '.join([BUCKET, *made])} FROM ({minutes}) GROUP BY bucket ORDER BY bucket"  # noqa: S608


def _made(values: Sequence[str], aggregate: Aggregate) -> list[str]:
    return [f"{_FUNCTIONS[aggregate]}({value})" for value in values]


def _last(names: Sequence[str], minutes: str) -> str:
    """Return the query for the last value of each field in each bucket.

    The last value is the mean over the last minute in which the field has a value.
    """
    times = [
        f"max(CASE WHEN {value} IS NOT NULL THEN timestamp END) AS last_{value}" for value in names
    ]
    values = [
        f"CASE WHEN last_{value} < :seam THEN (SELECT {value} FROM minute {_CHANNEL} "  # noqa: S608
        f"AND timestamp = last_{value}) ELSE (SELECT avg({value}) FROM sample {_CHANNEL} "
        f"AND timestamp >= max(:seam, last_{value}) "
        f"AND timestamp < min(:end, last_{value} + {MINUTE})) END"
        for value in names
    ]
    return (
        f"SELECT {', '.join(['bucket', *values])} FROM "  # noqa: S608
        f"(SELECT {', '.join([BUCKET, *times])} FROM ({minutes}) GROUP BY bucket) ORDER BY bucket"
    )
