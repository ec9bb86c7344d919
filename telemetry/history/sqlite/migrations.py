"""The tables of the SQLite file, as an ordered list of migrations.

A row of ``sample`` holds the values of up to ``BLOCK`` fields of one sample. ``field`` maps each
field to a slot; slots 0 to 15 are in block 0, the next 16 in block 1, and so on. Every sample has a
row in block 0, even if all values of this row are null. A sample has a row in another block only if
it has a value there.

SQLite writes fewer pages and reads fewer rows than it would with a row per value.

A row of ``event`` holds one event; ``payload`` is the JSON of its values.

A row of ``minute`` summarizes the rows of ``sample`` that have the same channel, block and minute:
it holds the number of these rows, and the mean, minimum and maximum of each field. ``due`` lists
the minutes that must be computed. Triggers add a minute to ``due`` when one of its samples is
inserted or updated.

Never change a released migration. To change the tables, append a migration to the list, and add a
dump of a file in the previous format to ``tests/telemetry/history/schemas``.
"""

import sqlite3

BLOCK = 16
VALUES = tuple(f"v{index}" for index in range(BLOCK))
LOWEST = tuple(f"low{index}" for index in range(BLOCK))
HIGHEST = tuple(f"high{index}" for index in range(BLOCK))

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
        host TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (channel, host, id)
    ) WITHOUT ROWID""",
    "CREATE INDEX event_by_time ON event (channel, timestamp)",
)
APPLICATION_ID = 0x534D4F4E  # "SMON": marks the file as ours (sqlite.org/fileformat.html)
_MARK = (f"PRAGMA application_id = {APPLICATION_ID}",)
# INSERT OR IGNORE would not work: in a trigger, the conflict clause of the outer statement applies.
_ADD_DUE = """INSERT INTO due SELECT new.channel_id, new.timestamp / 60000 * 60000 WHERE true
        ON CONFLICT DO NOTHING"""
_MINUTES = (
    f"""CREATE TABLE minute (
        channel_id INTEGER NOT NULL,
        block INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        samples INTEGER NOT NULL,
        {" REAL, ".join((*VALUES, *LOWEST, *HIGHEST))} REAL,
        PRIMARY KEY (channel_id, block, timestamp)
    ) WITHOUT ROWID""",
    """CREATE TABLE due (
        channel_id INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        PRIMARY KEY (channel_id, timestamp)
    ) WITHOUT ROWID""",
    f"""CREATE TRIGGER sample_inserted AFTER INSERT ON sample WHEN new.block = 0 BEGIN
        {_ADD_DUE};
    END""",
    f"""CREATE TRIGGER sample_updated AFTER UPDATE ON sample WHEN new.block = 0 BEGIN
        {_ADD_DUE};
    END""",
    """INSERT INTO due SELECT DISTINCT channel_id, timestamp / 60000 * 60000 FROM sample
        WHERE block = 0""",
)
MIGRATIONS = (_SAMPLES, _EVENTS, _MARK, _MINUTES)
VERSION = len(MIGRATIONS)
_UNMARKED = {"channel", "field", "sample"}  # tables of a history from before the mark existed


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of migrations that were applied to the file; 0 for a new file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def is_ours(connection: sqlite3.Connection) -> bool:
    """Return whether the file is a history or empty, not another program's database."""
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if mark != 0:
        return bool(mark == APPLICATION_ID)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    return names >= _UNMARKED if version_of(connection) else not names


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate the file to ``VERSION`` in one transaction."""
    if version_of(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        # Read the version again: another writer may have migrated the file in the meantime.
        for statements in MIGRATIONS[version_of(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
