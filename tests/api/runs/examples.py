"""Messages about runs."""

from typing import Any

from telemetry.catalogue import RUN
from telemetry.clock import unix_milliseconds
from telemetry.events import END, Event

EXAMPLE: dict[str, Any] = {field.name: field.example for field in RUN.fields}
MINUTE = 60_000


def begun(identity: str, age: int = MINUTE, host: str = "alpha", **values: object) -> Event:
    """Return the beginning of a run, ``age`` milliseconds ago."""
    started = unix_milliseconds() - age
    running = {"summary": None, **values, "started": started, "ended": None}
    channel = RUN.channel.format(run=identity)
    return Event(channel, identity, started, host, {**EXAMPLE, **running})


def ended(begin: Event, length: int = MINUTE, **values: object) -> Event:
    """Return the end of the run that began with ``begin``, after ``length`` milliseconds."""
    time = begin.timestamp + length
    end = {"exit_code": 0, "summary": EXAMPLE["summary"], **values, "ended": time}
    return Event(begin.channel, begin.id + END, time, begin.host, {**begin.values, **end})
