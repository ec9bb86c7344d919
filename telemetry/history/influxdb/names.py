r"""How channels, hosts and columns are named in InfluxDB.

Line protocol cannot represent every name. A line break ends the line, and a backslash before a
comma or at the end of a tag breaks the tag or is lost, even if the backslash is escaped. So such
characters are percent-encoded here, before the module ``lines`` escapes commas, spaces and equals
signs. Nearly all names contain no such characters, so they are the same in InfluxDB as elsewhere.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from telemetry.catalogue import SAMPLES, Kind, Retention, family_of, place_of

# Added to a sample whose values are all null: InfluxDB does not store a point without a field.
EMPTY = "empty"

MARKS = "changed_minute"
"""The measurement of the marks of minutes whose samples have changed; see ``minutes``."""

_SEPARATOR = ":"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\%]")
_TEXTS = (Kind.TEXT, Kind.TEXTS, Kind.RECORDS)  # kinds of fields that are not stored
_FAMILIES = [family for family in SAMPLES if family.retention is Retention.WINDOW]
_CHANNELS = {family.name: family.channel for family in _FAMILIES}

MEASUREMENTS = tuple(_CHANNELS)
"""The measurements of the samples."""

_FIELDS = [field for family in _FAMILIES for field in family.fields]
FIELDS = (EMPTY, *sorted({field.name for field in _FIELDS if field.kind not in _TEXTS}))
"""The name of each field is one of these names, or begins with one of these names and a dot.

Fields with other names are never read. Such fields may come from another program that uses the same
bucket and the same names of measurements. They may also come from earlier versions, which added an
integer field to each sample.
"""

_SENT = {field.name for field in _FIELDS if field.fixed and field.kind not in _TEXTS}
_LISTS = {field.name for field in _FIELDS if field.kind is Kind.NUMBERS}
COUNTED = tuple(sorted(_SENT - _LISTS))
"""The fields whose values are counted to find the number of samples.

Counting these fields is enough, because every collector publishes them.
"""


class Series(NamedTuple):
    """The names that identify a channel of a host.

    ``gpu`` is ``0`` for GPU 0, ``0:1`` for MIG instance 1 of GPU 0, and empty for all channels that
    do not belong to a GPU.
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
    """Return the name that ``encode`` encoded as ``name``."""
    return unquote(name)
