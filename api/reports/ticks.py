"""Chooses the ticks of an axis. Pure."""

import math
from datetime import datetime, timedelta, tzinfo

from api.reports import text

_MOST_TIMES = 8
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(each * _MINUTE for each in (1, 2, 5, 10, 15, 30)),
    *(each * _HOUR for each in (1, 2, 3, 6, 12)),
    *(each * _DAY for each in (1, 2, 5, 10, 30, 60)),
)


def amounts(highest: float) -> list[float]:
    """Return a few round numbers; the first is 0, and the last is at least ``highest``."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [step * number for number in range(math.ceil(highest / step) + 1)]


def times(start: int, end: int, zone: tzinfo) -> list[tuple[int, str]]:
    """Return round times from ``start`` to ``end``, in Unix milliseconds, each with its label.

    Midnight is labelled with the date, any other time with the time of day.
    """
    length = max(1, (end - start) // 1000)
    step = next((each for each in _STEPS if length / each <= _MOST_TIMES), _STEPS[-1])
    midnight = datetime.fromtimestamp(start / 1000, zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    found = []
    moment, last = midnight, datetime.fromtimestamp(end / 1000, zone)
    while moment < last:
        timestamp = round(moment.timestamp() * 1000)
        if timestamp >= start:
            found.append((timestamp, _label(moment, timestamp, step, zone)))
        moment += timedelta(seconds=step)
    return found


def _label(moment: datetime, timestamp: int, step: int, zone: tzinfo) -> str:
    if step >= _DAY or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return text.day(timestamp, zone)
    return text.time_of_day(timestamp, zone, seconds=step < _MINUTE)
