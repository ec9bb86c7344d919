r"""How channels, hosts and columns are named in InfluxDB.

Line protocol cannot hold every name: a line break ends the line, and a backslash before a comma or
at the end of a tag breaks it or is not kept, with the client's escaping too. So these characters
are percent-encoded here, before the client escapes commas, spaces and equals signs. Names without
them, which is to say nearly all, look in InfluxDB as they look elsewhere.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from telemetry.catalogue import SAMPLES, Retention, family_of, place_of

# A field that every sample has, the one without any values too; and it makes counting cheap.
MARKER = "samples"

_SEPARATOR = ":"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\%]")
_CHANNELS = {
    family.name: family.channel for family in SAMPLES if family.retention is Retention.WINDOW
}


class Series(NamedTuple):
    """What tells one channel of a host from the others.

    ``gpu`` is empty for all but GPUs, and ``0:1`` for the MIG instance 1 of the GPU 0.
    """

    measurement: str
    gpu: str


def series_of(channel: str) -> Series | None:
    """Return where ``channel`` is kept, or None for what has no history."""
    family = family_of(channel)
    if family is None or family.retention is not Retention.WINDOW:
        return None
    return Series(family.name, _SEPARATOR.join(place_of(channel).values()))


def channel_of(series: Series) -> str | None:
    """Return the channel that is kept in ``series``, or None for what is not ours."""
    gpu, _, instance = series.gpu.partition(_SEPARATOR)
    channel = _CHANNELS.get(series.measurement, "").format(id=gpu, n=instance)
    return channel if series_of(channel) == series else None


def encode(name: str) -> str:
    """Return ``name`` with control characters, backslashes and percent signs percent-encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", name)


def decode(name: str) -> str:
    """Return the name that ``encode`` was given."""
    return unquote(name)
