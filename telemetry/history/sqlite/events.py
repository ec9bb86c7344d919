"""Events in the SQLite file."""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from telemetry.catalogue.model import PLACEHOLDER
from telemetry.events import Event
from telemetry.history.port import EventQuery

_INSERT = (
    "INSERT INTO event (channel, id, timestamp, host, payload) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET payload = excluded.payload WHERE payload <> excluded.payload"
)
_SELECT = (
    "SELECT channel, id, timestamp, host, payload FROM event "
    "WHERE channel >= :first AND channel <= :last AND timestamp >= :start AND timestamp < :end "
    "AND (:host IS NULL OR host = '' OR host = :host) "
    "AND (:run IS NULL OR json_extract(payload, '$.run') = :run) "
    "ORDER BY timestamp DESC, id DESC LIMIT :limit"
)
# A row of more than about 1000 bytes takes an additional page. The channel, id and host count
# twice, because the index contains them too.
_SIZE = (
    "SELECT coalesce(sum(bytes + (bytes > 1000) * 4096 + 100), 0) FROM (SELECT "
    "length(CAST(payload AS BLOB)) + 2 * length(CAST(channel || id || host AS BLOB)) AS bytes "
    "FROM event)"
)
_DELETE = (
    "DELETE FROM event WHERE (channel, host, id) IN (SELECT channel, host, id FROM event "
    "WHERE timestamp < ? OR timestamp >= ? ORDER BY timestamp, id LIMIT ?)"
)
_AT_ONCE = 1000  # rows per transaction: few, so that the journal stays small
_LAST = "\U0010ffff"  # sorts after every name


def insert(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Insert ``events``; if an event is already stored, update its values but not its time."""
    connection.executemany(
        _INSERT,
        [
            (each.channel, each.id, each.timestamp, each.host or "", _text(each.values))
            for each in events
        ],
    )


def select(connection: sqlite3.Connection, query: EventQuery) -> list[Event]:
    """Return the events that ``query`` selects, oldest first."""
    start = query.channel or PLACEHOLDER.split(query.family.channel)[0]
    several = query.channel is None and query.family.several
    rows = connection.execute(
        _SELECT,
        {
            "first": start,
            "last": f"{start}{_LAST}" if several else start,
            "start": query.start,
            "end": query.end,
            "host": query.host,
            "run": query.run,
            "limit": query.limit,
        },
    ).fetchall()
    return [
        Event(channel, identity, timestamp, host or None, json.loads(payload))
        for channel, identity, timestamp, host, payload in reversed(rows)
    ]


def _text(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def prune(connection: sqlite3.Connection, start: int, end: int) -> None:
    """Delete the events before ``start``, and those at or after ``end``."""
    while connection.execute(_DELETE, (start, end, _AT_ONCE)).rowcount == _AT_ONCE:
        pass


def size(connection: sqlite3.Connection) -> int:
    """Return the approximate number of bytes that the events take up in the file."""
    size: int = connection.execute(_SIZE).fetchone()[0]
    return size


def evict(connection: sqlite3.Connection, part: int) -> int:
    """Delete the oldest ``1/part`` of the events, at most 1,000; return how many were deleted."""
    number: int = connection.execute("SELECT count(*) FROM event").fetchone()[0]
    limit = min(_AT_ONCE, -(-number // part))
    return connection.execute(_DELETE, (0, 0, limit)).rowcount  # 0, 0: events of any time
