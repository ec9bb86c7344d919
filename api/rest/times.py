"""Parses the time formats that clients can use."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from api.errors import InvalidParameterError

_FORMS = (
    "it must be ISO 8601 such as 2026-01-31T12:00:00Z, Unix seconds such as 1767225600, Unix "
    "milliseconds such as 1767225600000, or an offset from now such as -15m (unit s, m, h or d)"
)
_OFFSET = re.compile(r"-(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_MILLISECONDS_IN = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIX_TIME = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
_LEAST_MILLISECONDS = 100_000_000_000
# In a query string, an unescaped + means a space. So in "…T12:00:00 02:00", the space was a +, and
# +02:00 is the UTC offset.
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)", re.ASCII)


def parse_time(name: str, text: str, now: int) -> int:
    """Return ``text`` as Unix milliseconds.

    ``name`` is the parameter's name, for error messages. ``now`` is in Unix milliseconds. A time
    without an offset is in UTC. Raises InvalidParameterError.

    A number below 10^11 is in seconds, and any other number is in milliseconds. In seconds, 10^11
    is in the year 5138; in milliseconds, in March 1973. So a client can use either unit for any
    time that a history can contain. A number may have a fraction, as in the output of
    ``date +%s.%N``.
    """
    offset = _OFFSET.fullmatch(text)
    if offset is not None:
        return now - int(offset["count"]) * _MILLISECONDS_IN[offset["unit"]]
    if _UNIX_TIME.fullmatch(text):
        number = Decimal(text)
        return round(number if number >= _LEAST_MILLISECONDS else number * 1000)
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidParameterError(name, text, _FORMS) from None
