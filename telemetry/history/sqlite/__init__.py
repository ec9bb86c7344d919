"""The embedded history: one SQLite file, which the writer and the reader open separately."""

from telemetry.history.sqlite.reader import SqliteReader
from telemetry.history.sqlite.schema import require_ours
from telemetry.history.sqlite.writer import SqliteWriter

__all__ = ["SqliteReader", "SqliteWriter", "require_ours"]
