"""Parses the time formats that clients may use."""

import re
from datetime import UTC, datetime

from api.errors import InvalidParameterError

_FORMS = (
    "it must be ISO 8601 such as 2026-01-31T12:00:00Z, Unix milliseconds such as 1767225600000, "
    "or an offset from now such as -15m (s, m, h or d)"
)
_OFFSET = re.compile(r"-(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_MILLISECONDS_IN = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIX_MILLISECONDS = re.compile(r"[0-9]{1,18}", re.ASCII)
# In a query string an unescaped + is a space: "…T12:00:00 02:00" is meant as a UTC offset.
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)", re.ASCII)


def parse_time(name: str, text: str, now: int) -> int:
    """Return ``text`` as Unix milliseconds.

    Errors call the parameter ``name``. ``now`` is in Unix milliseconds. A time without a UTC
    offset is UTC. Raises InvalidParameterError.
    """
    offset = _OFFSET.fullmatch(text)
    if offset is not None:
        return now - int(offset["count"]) * _MILLISECONDS_IN[offset["unit"]]
    if _UNIX_MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidParameterError(name, text, _FORMS) from None
