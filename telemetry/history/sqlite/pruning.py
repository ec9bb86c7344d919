"""Deletes expired records from the SQLite file, and the oldest records if the file is full.

The samples of a minute are deleted together. When a late sample arrives, its minute is computed
again, which requires all other samples of the minute.

The records are deleted in small transactions, because a full disk has little room for their
journals. A sample with many fields is stored in several rows, one for each block of fields. Each
transaction deletes all rows of a sample together, because readers combine them.
"""

import sqlite3

from telemetry.history.longer import minute_of
from telemetry.history.sqlite import events, minutes
from telemetry.history.sqlite.migrations import BLOCK, VALUES
from telemetry.history.window import Windows

_SAMPLE, _MINUTE = "sample", "minute"
# S608 (SQL injection) does not apply: only constants and names of tables and columns are inserted.
_DELETE = (
    "DELETE FROM {} WHERE channel_id = :channel AND block IN "  # noqa: S608
    f"(SELECT 0 UNION SELECT slot / {BLOCK} FROM field WHERE channel_id = :channel) "
    "AND timestamp >= :start AND timestamp < :end"
)
_SPAN = "FROM {} WHERE channel_id = :channel AND block = 0 AND timestamp >= :start "
_COUNT = f"SELECT count(*) {_SPAN} AND timestamp < :end"
_BLOCKS = f"SELECT count(DISTINCT slot / {BLOCK}) FROM field WHERE channel_id = :channel"  # noqa: S608
_NTH = f"SELECT timestamp {_SPAN} AND timestamp < :end ORDER BY timestamp LIMIT 1 OFFSET :rows"
_OLDEST_AND_NEWEST = (
    "SELECT min((SELECT min(timestamp) FROM {0} WHERE channel_id = id AND block = 0)), "
    "max((SELECT max(timestamp) FROM {0} WHERE channel_id = id AND block = 0)) FROM channel"
)
# This is fast: if a field is in use, the first row that SQLite reads usually has a value for it.
_DELETE_UNUSED_FIELDS = tuple(
    f"DELETE FROM field WHERE slot % {BLOCK} = {index} "  # noqa: S608
    + " ".join(
        f"AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.channel_id = field.channel_id "  # noqa: S608
        f"AND block = slot / {BLOCK} AND {value} IS NOT NULL)"
        for table in (_SAMPLE, _MINUTE)
    )
    for index, value in enumerate(VALUES)
)
_DELETE_EMPTY_CHANNELS = (
    "DELETE FROM channel WHERE NOT EXISTS (SELECT 1 FROM sample WHERE channel_id = channel.id) "
    "AND NOT EXISTS (SELECT 1 FROM minute WHERE channel_id = channel.id)"
)
_PART = 10  # each eviction deletes the oldest tenth
_ROWS = {_SAMPLE: 4_000, _MINUTE: 1_300}  # per transaction: less than 2 MB of the journal
_FIRST, _LAST = -(2**63), 2**63 - 1


def prune(connection: sqlite3.Connection, windows: Windows, end: int) -> None:
    """Delete the records whose retention period has passed, and those at or after ``end``."""
    events.prune(connection, windows.events.start, end)
    start = minute_of(windows.samples.start)
    if windows.minutes is None:
        minutes.clear_due(connection, _FIRST)
    while minutes.roll_up(connection, start):
        pass
    minutes.clear_due(connection, end)
    spans = {_SAMPLE: start, _MINUTE: windows.minutes.start if windows.minutes else _LAST}
    for channel in _channels(connection):
        for table, oldest in spans.items():
            _delete(connection, table, channel, _FIRST, oldest)
            _delete(connection, table, channel, end, _LAST)
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement in (*_DELETE_UNUSED_FIELDS, _DELETE_EMPTY_CHANNELS):
            connection.execute(statement)


def evict(connection: sqlite3.Connection, limit: int) -> int:
    """Delete the oldest samples and one-minute points, and return how many were deleted.

    The samples and points in the oldest tenth of their combined time span are deleted. If there are
    no samples or points, or if the events take more than half of ``limit`` bytes, the oldest events
    are deleted and counted instead.
    """
    if events.size(connection) > limit // 2:
        return events.evict(connection, _PART)
    return _evict_oldest(connection) or events.evict(connection, _PART)


def _evict_oldest(connection: sqlite3.Connection) -> int:
    found = [
        connection.execute(_OLDEST_AND_NEWEST.format(table)).fetchone()
        for table in (_SAMPLE, _MINUTE)
    ]
    times = [time for pair in found for time in pair if time is not None]
    if not times:
        return 0
    oldest, newest = min(times), max(times)
    end = oldest + (newest - oldest) // _PART + 1
    if minute_of(end) > oldest:  # otherwise they are all in one minute
        end = minute_of(end)
    return sum(
        _delete(connection, table, channel, _FIRST, end)
        for channel in _channels(connection)
        for table in (_SAMPLE, _MINUTE)
    )


def _channels(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM channel").fetchall()]


def _delete(connection: sqlite3.Connection, table: str, channel: int, start: int, end: int) -> int:
    """Delete a channel's records with ``start`` <= timestamp < ``end``; return how many."""
    span = {"channel": channel, "start": start, "end": end}
    number: int = connection.execute(_COUNT.format(table), span).fetchone()[0]
    (blocks,) = connection.execute(_BLOCKS, span).fetchone()
    span["rows"] = max(1, _ROWS[table] // max(1, blocks))
    while nth := connection.execute(_NTH.format(table), span).fetchone():
        connection.execute(_DELETE.format(table), {**span, "end": nth[0]})
    if number:
        connection.execute(_DELETE.format(table), span)
    return number
