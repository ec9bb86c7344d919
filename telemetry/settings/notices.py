"""Parses and validates the settings for notices."""

import re
import shlex
from urllib.parse import urlsplit

from telemetry.catalogue import FINDING

SEVERITIES = next(field.choices for field in FINDING.fields if field.name == "severity")
RUNS = ("all", "failed", "none")

_MOST_URLS = 16
_LONGEST_URL = 2048
_URLS = (
    f"must be 1 to {_MOST_URLS} URLs of notification services, such as ntfys://ntfy.sh/topic, "
    "separated by spaces or line breaks"
)
_COMMAND = "must be a program and its arguments, such as /usr/local/bin/on-finding --quiet"
_QUIET = "must be one or more ranges of local time such as 22:00-07:00, separated by commas"
_PUBLIC_URL = "must look like https://monitor.example or https://host/path, without a login"
_DAY = 1440


def joined(value: object) -> object:
    """Return a list of URLs as one text with one URL per line, and any other value unchanged."""
    if isinstance(value, list):
        if not value or not all(isinstance(each, str) for each in value):
            raise ValueError(_URLS)
        return "\n".join(value)
    return value


def notify_urls(text: str) -> str:
    """Return ``text`` if it looks like a list of Apprise URLs."""
    found = urls(text)
    valid = r"[A-Za-z][A-Za-z0-9]{0,31}://[^\s\x00-\x1f\x7f]+"
    if not 1 <= len(found) <= _MOST_URLS or not all(
        re.fullmatch(valid, each) and len(each) <= _LONGEST_URL for each in found
    ):
        raise ValueError(_URLS)
    return text


def urls(text: str) -> tuple[str, ...]:
    """Split ``text`` into URLs at white space and commas.

    A comma is a separator only if another URL's scheme follows it, so URLs can contain commas.
    """
    return tuple(re.split(r"[\s,]+(?=[A-Za-z][A-Za-z0-9]*://)|\s+", text.strip()))


def notify_severity(value: str) -> str:
    """Return the lowest severity that causes a notice, in lower case."""
    return _one_of(SEVERITIES, value)


def notify_runs(value: str) -> str:
    """Return which runs cause a notice, in lower case, such as ``failed``."""
    return _one_of(RUNS, value)


def _one_of(choices: tuple[str, ...], value: str) -> str:
    chosen = value.lower()
    if chosen not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")
    return chosen


def notify_command(value: object) -> tuple[str, ...]:
    """Return a program and its arguments, from a list or from text quoted as in a shell."""
    try:
        parts: object = shlex.split(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(
            f"{_COMMAND}, but a quote is not closed or the text ends with a backslash"
        ) from None
    if parts == () and value == ():
        return ()
    if (
        not isinstance(parts, list | tuple)
        or not parts
        or not all(isinstance(each, str) and "\x00" not in each for each in parts)
        or not parts[0]
    ):
        raise ValueError(_COMMAND)
    return tuple(parts)


def quiet_hours(value: object) -> tuple[str, ...]:
    """Return the ranges of local time in a list or comma-separated text."""
    parts: object = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(_QUIET)  # noqa: TRY004 - pydantic does not catch a TypeError
    ranges = tuple(str(each).strip() for each in parts)
    for each in ranges:
        minutes_of_day(each)
    return ranges


def minutes_of_day(text: str) -> tuple[int, int]:
    """Return the start and end of a range such as ``22:00-07:00``, in minutes after midnight.

    The end is exclusive. If the range crosses midnight, the end is less than the start.
    """
    match = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", text)
    if match is None:
        raise ValueError(_QUIET)
    hour, minute, last_hour, last_minute = map(int, match.groups())
    start, end = 60 * hour + minute, 60 * last_hour + last_minute
    if max(minute, last_minute) > 59 or start >= _DAY or end > _DAY or start == end:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(_QUIET)
    return start, end


def public_url(value: str) -> str:
    """Return the URL of the dashboard without a trailing slash."""
    try:
        parts = urlsplit(value)
        good = re.fullmatch(r"https?://[^\s@?#]+", value) and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or len(value) > _LONGEST_URL:
        raise ValueError(_PUBLIC_URL)
    return value.rstrip("/")
