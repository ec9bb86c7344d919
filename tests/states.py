"""States for tests, made from the catalogue's examples."""

from typing import Any

from telemetry.catalogue import FINDING, RUN, Family
from telemetry.clock import unix_milliseconds
from telemetry.events import Event

FINDING_CHANNEL = "system/findings/memory_growth/gpu0"
RUN_CHANNEL = "system/runs/ablation-7.1"


def finding(
    identity: str = "growth",
    timestamp: int | None = None,
    host: str = "alpha",
    channel: str = FINDING_CHANNEL,
    **values: Any,
) -> Event:
    """Return an active finding, in which ``values`` replace the defaults."""
    *_, kind, subject = channel.split("/")
    more = {"kind": kind, "subject": subject, **values}
    return _state(FINDING, identity, timestamp, host, channel, more)


def run(
    identity: str = "ablation-7.1",
    timestamp: int | None = None,
    host: str = "alpha",
    channel: str = RUN_CHANNEL,
    **values: Any,
) -> Event:
    """Return a run that is under way, in which ``values`` replace the defaults."""
    return _state(RUN, identity, timestamp, host, channel, values)


def _state(
    family: Family,
    identity: str,
    timestamp: int | None,
    host: str,
    channel: str,
    values: dict[str, Any],
) -> Event:
    examples = {field.name: field.example for field in family.fields}
    time = unix_milliseconds() if timestamp is None else timestamp
    return Event(channel, identity, time, host, {**examples, **values})
