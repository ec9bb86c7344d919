"""Events in the SQLite file."""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from telemetry.events import Event
from telemetry.history.port import EventQuery

_INSERT = (
    "INSERT OR IGNORE INTO event (channel, id, timestamp, host, payload) VALUES (?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT id, timestamp, host, payload FROM event WHERE channel = :channel "
    "AND timestamp >= :start AND timestamp < :end "
    "AND (:host IS NULL OR host = '' OR host = :host) "
    "ORDER BY timestamp DESC, id DESC LIMIT :limit"
)


def insert(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Insert ``events``; one whose id exists already is ignored."""
    connection.executemany(
        _INSERT,
        [
            (each.channel, each.id, each.timestamp, each.host or "", _text(each.values))
            for each in events
        ],
    )


def select(connection: sqlite3.Connection, query: EventQuery) -> list[Event]:
    """Return the events that ``query`` selects, oldest first."""
    rows = connection.execute(
        _SELECT,
        {
            "channel": query.channel,
            "start": query.start,
            "end": query.end,
            "host": query.host,
            "limit": query.limit,
        },
    ).fetchall()
    return [
        Event(query.channel, identity, timestamp, host or None, json.loads(payload))
        for identity, timestamp, host, payload in reversed(rows)
    ]


def _text(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def prune(connection: sqlite3.Connection, start: int, end: int) -> None:
    """Delete the events from before ``start`` and from ``end`` on."""
    connection.execute("DELETE FROM event WHERE timestamp < ? OR timestamp >= ?", (start, end))
