"""Deletes records from the SQLite file: those outside their retention, and the oldest ones.

Each statement is a transaction of its own and deletes a limited number of rows, so that the journal
stays small: a full disk has little room for it. It deletes all blocks of a sample together, because
a reader combines them.
"""

import sqlite3

from telemetry.history.sqlite import events
from telemetry.history.sqlite.migrations import BLOCK, VALUES
from telemetry.history.window import Window

# S608: the statements below are built only from numbers of columns.
_DELETE = (
    "DELETE FROM sample WHERE channel_id = :channel AND block IN "  # noqa: S608
    f"(SELECT 0 UNION SELECT slot / {BLOCK} FROM field WHERE channel_id = :channel) "
    "AND timestamp >= :start AND timestamp < :end"
)
_SPAN = "FROM sample WHERE channel_id = :channel AND block = 0 AND timestamp >= :start "
_COUNT = f"SELECT count(*) {_SPAN} AND timestamp < :end"
_BLOCKS = f"SELECT count(DISTINCT slot / {BLOCK}) FROM field WHERE channel_id = :channel"  # noqa: S608
_NTH = f"SELECT timestamp {_SPAN} AND timestamp < :end ORDER BY timestamp LIMIT 1 OFFSET :rows"
_OLDEST_AND_NEWEST = (
    "SELECT min((SELECT min(timestamp) FROM sample WHERE channel_id = id AND block = 0)), "
    "max((SELECT max(timestamp) FROM sample WHERE channel_id = id AND block = 0)) FROM channel"
)
# Fast, because a field that is in use has a value in the oldest row of its block.
_DELETE_UNUSED_FIELDS = tuple(
    f"DELETE FROM field WHERE slot % {BLOCK} = {index} AND NOT EXISTS "  # noqa: S608
    "(SELECT 1 FROM sample WHERE sample.channel_id = field.channel_id "
    f"AND block = slot / {BLOCK} AND {value} IS NOT NULL)"
    for index, value in enumerate(VALUES)
)
_DELETE_EMPTY_CHANNELS = (
    "DELETE FROM channel WHERE NOT EXISTS (SELECT 1 FROM sample WHERE channel_id = channel.id)"
)
_PART = 10  # evicting deletes a tenth
_ROWS = 4_000  # of 16 values, in one transaction: less than 2 MB in the journal
_FIRST, _LAST = -(2**63), 2**63 - 1


def prune(connection: sqlite3.Connection, samples: Window, moments: Window, end: int) -> None:
    """Delete the records that are older than their retention, and those from ``end`` on."""
    events.prune(connection, moments.start, end)
    for channel in _channels(connection):
        _delete(connection, channel, _FIRST, samples.start)
        _delete(connection, channel, end, _LAST)
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement in (*_DELETE_UNUSED_FIELDS, _DELETE_EMPTY_CHANNELS):
            connection.execute(statement)


def evict(connection: sqlite3.Connection, limit: int) -> int:
    """Delete the samples of the oldest tenth of the stored time span, and return their number.

    Without samples, or if the events take more than half of the ``limit`` in bytes, the oldest
    events are deleted and counted instead.
    """
    if events.size(connection) > limit // 2:
        return events.evict(connection, _PART)
    return _evict_samples(connection) or events.evict(connection, _PART)


def _evict_samples(connection: sqlite3.Connection) -> int:
    oldest, newest = connection.execute(_OLDEST_AND_NEWEST).fetchone()
    if oldest is None:
        return 0
    end = oldest + (newest - oldest) // _PART + 1
    return sum(_delete(connection, channel, _FIRST, end) for channel in _channels(connection))


def _channels(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM channel").fetchall()]


def _delete(connection: sqlite3.Connection, channel: int, start: int, end: int) -> int:
    """Delete the samples of a channel from ``start`` to before ``end``; return their number."""
    span = {"channel": channel, "start": start, "end": end}
    number: int = connection.execute(_COUNT, span).fetchone()[0]
    (blocks,) = connection.execute(_BLOCKS, span).fetchone()
    span["rows"] = max(1, _ROWS // max(1, blocks))
    while nth := connection.execute(_NTH, span).fetchone():
        connection.execute(_DELETE, {**span, "end": nth[0]})
    if number:
        connection.execute(_DELETE, span)
    return number
