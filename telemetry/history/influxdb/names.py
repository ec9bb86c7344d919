r"""Converts the names of channels, hosts and columns to InfluxDB names and back.

InfluxDB's line protocol cannot represent every name. A name cannot contain a line break, because
that would end the line. A backslash before a comma or at the end of a tag damages the tag, even if
the backslash is escaped. This module therefore percent-encodes control characters, backslashes and
percent signs. The module ``lines`` then escapes commas, spaces and equals signs. Few names contain
characters that this module encodes, so nearly all are the same in InfluxDB as elsewhere.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from telemetry.catalogue import SAMPLES, Kind, Retention, family_of, place_of

# Added to a sample whose values are all null: InfluxDB does not store a point without a field.
EMPTY = "empty"

MARKS = "changed_minute"
"""The measurement for the marks that show which minutes are due; see the module ``minutes``."""

_SEPARATOR = ":"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\%]")
_TEXTS = (Kind.TEXT, Kind.TEXTS, Kind.RECORDS)  # kinds of fields that are not stored
_FAMILIES = [family for family in SAMPLES if family.retention is Retention.WINDOW]
_CHANNELS = {family.name: family.channel for family in _FAMILIES}

MEASUREMENTS = tuple(_CHANNELS)
"""The measurements of the samples."""

_FIELDS = [field for family in _FAMILIES for field in family.fields]
FIELDS = (EMPTY, *sorted({field.name for field in _FIELDS if field.kind not in _TEXTS}))
"""The names of the fields that are read from InfluxDB.

Only the part of a name before its first dot counts: ``per_core`` stands for ``per_core.0``,
``per_core.1`` and so on. Fields with other names are never read. Such fields can come from another
program that writes to the same bucket and measurements, or from earlier versions of System
Monitor, which added an integer field to each sample.
"""

_SENT = {field.name for field in _FIELDS if field.fixed and field.kind not in _TEXTS}
_LISTS = {field.name for field in _FIELDS if field.kind is Kind.NUMBERS}
COUNTED = tuple(sorted(_SENT - _LISTS))
"""The fields whose values are counted first to find the number of samples.

Counting these few fields is usually enough, because every collector publishes them.
"""


class Series(NamedTuple):
    """The measurement and the tag that identify a channel of a host.

    ``gpu`` is ``0`` for GPU 0, ``0:1`` for MIG instance 1 of GPU 0, and empty for channels that
    belong to no GPU.
    """

    measurement: str
    gpu: str


def series_of(channel: str) -> Series | None:
    """Return the series of ``channel``, or None if the channel has no history."""
    family = family_of(channel)
    if family is None or family.retention is not Retention.WINDOW:
        return None
    return Series(family.name, _SEPARATOR.join(place_of(channel).values()))


def channel_of(series: Series) -> str | None:
    """Return the channel of ``series``, or None if ``series`` belongs to another program."""
    gpu, _, instance = series.gpu.partition(_SEPARATOR)
    channel = _CHANNELS.get(series.measurement, "").format(id=gpu, n=instance)
    return channel if series_of(channel) == series else None


def encode(name: str) -> str:
    """Return ``name`` with control characters, backslashes and percent signs percent-encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", name)


def decode(name: str) -> str:
    """Undo ``encode``: return the original name."""
    return unquote(name)
