"""Finds the hosts whose clocks differ from this machine's clock."""

import time
from collections.abc import Mapping

from api.live.newest import HostState
from telemetry.catalogue import STATUS_CHANNEL
from telemetry.clock import unix_milliseconds
from telemetry.status import CollectorState, CollectorStatus

_OFF_SECONDS = 60.0
_LISTED = 5


def clocks_off(hosts: Mapping[str, HostState], window: int) -> dict[str, float]:
    """Return the clock error in seconds of each live host whose clock is off by over a minute.

    The error is negative if the clock is behind. ``window`` is how long the history keeps samples,
    in milliseconds.
    """
    ahead = {name: _seconds_ahead(host, window) for name, host in hosts.items()}
    return {name: seconds for name, seconds in ahead.items() if abs(seconds) > _OFF_SECONDS}


def clock_notes(off: Mapping[str, float], window: int) -> list[str]:
    """Return a sentence for each of the first five clocks in ``off``, and a count of the rest."""
    notes = [_note(name, seconds, window) for name, seconds in list(off.items())[:_LISTED]]
    if (more := len(off) - _LISTED) > 0:
        clocks = "clock of 1 more host is" if more == 1 else f"clocks of {more} more hosts are"
        notes.append(f"The {clocks} off.")
    return notes


def _seconds_ahead(host: HostState, window: int) -> float:
    """Return how many seconds ahead the clock of ``host`` is; 0 if its error is not known.

    A status is timestamped when the collector sends it, so a new status shows the clock's error. If
    there is no status, or the newest one is retained (and might be old) or offline, the newest
    sample is used instead. A sample may have waited in a buffer, so a difference counts as an error
    only if it is so large that the history discards the sample.
    """
    now, newest = time.monotonic(), host.arrivals.newest
    if newest is None or not host.arrivals.is_live(now, host.lag):
        return 0.0
    update = host.updates.get(STATUS_CHANNEL)
    if update is not None and not update.retained:
        status = update.content
        if isinstance(status, CollectorStatus) and status.state is CollectorState.ONLINE:
            return _ahead(status.timestamp, update.arrived, now)
    seconds = _ahead(newest.timestamp, newest.arrived, now)
    return seconds if abs(seconds) * 1000 > window else 0.0


def _ahead(timestamp: int, arrived: float, now: float) -> float:
    return timestamp / 1000 - (unix_milliseconds() / 1000 - (now - arrived))


def _note(name: str, seconds: float, window: int) -> str:
    where = "ahead of" if seconds > 0 else "behind"
    discarded = abs(seconds) * 1000 > window
    effect = "discards the host's samples" if discarded else "stores wrong times for the host"
    return (
        f"The clock of {name!r} is {_duration(abs(seconds))} {where} this machine's clock, so the "
        f"history {effect}: set the host's clock."
    )


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} s"
