"""The tables of the SQLite file, as an ordered list of migrations.

A row of ``sample`` holds one sample's values of ``BLOCK`` fields. Which slot a field has is in
``field``; slots 0 to 15 are in block 0, the next 16 in block 1, and so on. Every sample has a row
in block 0, even where all its values are null; in another block, where it has a value there.

Rows this wide make a tick of seven samples write seven pages, where a row for each value would
write one page for each field, and make an hour a few thousand rows to aggregate.

A row of ``event`` holds one event; ``payload`` is the JSON of its values.

A migration that has been released never changes: a change of the tables is one more at the end,
with a dump of the file before it in ``tests/telemetry/history/schemas``.
"""

import sqlite3

BLOCK = 16
VALUES = tuple(f"v{index}" for index in range(BLOCK))

_SAMPLES = (
    """CREATE TABLE channel (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (host, name)
    )""",
    """CREATE TABLE field (
        channel_id INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (channel_id, slot),
        UNIQUE (channel_id, name)
    ) WITHOUT ROWID""",
    f"""CREATE TABLE sample (
        channel_id INTEGER NOT NULL,
        block INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        {" REAL, ".join(VALUES)} REAL,
        PRIMARY KEY (channel_id, block, timestamp)
    ) WITHOUT ROWID""",
)
_EVENTS = (
    """CREATE TABLE event (
        channel TEXT NOT NULL,
        id TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        host TEXT,
        payload TEXT NOT NULL,
        PRIMARY KEY (channel, id)
    ) WITHOUT ROWID""",
    "CREATE INDEX event_by_time ON event (channel, timestamp)",
)
MIGRATIONS = (_SAMPLES, _EVENTS)
VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has had; 0 for a new one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to ``VERSION``, in one transaction."""
    if version_of(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statements in MIGRATIONS[version_of(connection) :]:  # another writer may be quicker
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
