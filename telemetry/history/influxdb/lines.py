"""Writes samples in InfluxDB's line protocol."""

import re
from functools import lru_cache

from telemetry.history.columns import numbers_of, unknown_channel
from telemetry.history.influxdb.names import EMPTY, MARKS, encode, series_of
from telemetry.samples import Sample

_SEPARATORS = re.compile(r"[,= ]")
_NAMES = 4096  # the most encoded names in the cache; one machine has fewer names
_NOTHING = f"{EMPTY}=1.0"
_NANOSECONDS = 1_000_000  # in a millisecond


def line_of(sample: Sample) -> str:
    """Return ``sample`` in line protocol.

    Numbers are written without a type suffix, so InfluxDB stores all numbers as floats, and the
    type of a field never changes. Raises HistoryRejectedError if the sample's channel has no
    history.
    """
    series = series_of(sample.channel)
    if series is None:
        raise unknown_channel(sample.channel)
    gpu = f",gpu={_escaped(series.gpu)}" if series.gpu else ""
    numbers = numbers_of(sample).items()
    fields = ",".join(
        [f"{_escaped(name)}={value!r}" for name, value in numbers if value is not None]
    )
    host, time = _escaped(sample.host), sample.timestamp * _NANOSECONDS
    return f"{series.measurement},host={host}{gpu} {fields or _NOTHING} {time}"


def mark_of(host: str, timestamp: int, batch: str, field: str = "batch") -> str:
    """Return the line that sets ``field`` to ``batch`` in the mark of ``host`` at ``timestamp``.

    The module ``minutes`` explains marks.
    """
    return f'{MARKS},host={_escaped(host)} {field}="{batch}" {timestamp * _NANOSECONDS}'


@lru_cache(_NAMES)
def _escaped(name: str) -> str:
    return _SEPARATORS.sub(r"\\\g<0>", encode(name))
