"""How the log looks, on standard error."""

import json
import logging
from datetime import UTC, datetime

from telemetry.settings import ignored_variables

log = logging.getLogger(__name__)

_ECHO_SECONDS = 5.0


def configure(level: str, form: str) -> None:
    """Log what is at least as grave as ``level``, such as ``warning``, as ``plain`` or ``json``."""
    handler = logging.StreamHandler()
    handler.addFilter(WithoutEcho())
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if form == "json" else plain)
    logging.basicConfig(level=level.upper(), handlers=[handler])


def tell_ignored_variables() -> None:
    """Warn of variables that look like ours, once for all of them: others may have set them."""
    names = ignored_variables()
    if names:
        log.warning("No settings, and ignored: %s.", ", ".join(names))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, logger, message, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of ``record``."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class WithoutEcho(logging.Filter):
    """Leaves out a line that was there a moment ago: each part notices when the broker has gone."""

    def __init__(self) -> None:
        """Have heard nothing."""
        super().__init__()
        self._heard: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether ``record`` says something new."""
        recent = record.created - _ECHO_SECONDS
        self._heard = {text: when for text, when in self._heard.items() if when > recent}
        return self._heard.setdefault(record.getMessage(), record.created) == record.created
