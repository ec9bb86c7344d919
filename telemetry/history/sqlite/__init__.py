"""The embedded history: one SQLite file, which writer and reader open on their own."""

from telemetry.history.sqlite.reader import SqliteReader
from telemetry.history.sqlite.writer import SqliteWriter

__all__ = ["SqliteReader", "SqliteWriter"]
