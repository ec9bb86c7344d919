"""Configures the log on standard error."""

import json
import logging
from datetime import UTC, datetime

from telemetry.printable import printable


def configure(level: str, form: str) -> None:
    """Make the log show messages of ``level`` (such as ``warning``) and of higher levels.

    ``form`` is the format: ``plain`` or ``json``.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])


class PlainLines(logging.Formatter):
    """A line for each message: time, level, message. A traceback follows on separate lines."""

    def __init__(self) -> None:
        """Set the line format, which begins with the local time of day."""
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return ``record`` as a line of text."""
        return printable(super().formatMessage(record))


class JsonLines(logging.Formatter):
    """One JSON object per line: time (ISO 8601, UTC), level, logger, message and any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` as a line of text."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return printable(json.dumps(line, ensure_ascii=False))
