"""The base unit, as Prometheus recommends it, for each unit of the catalogue."""

from typing import NamedTuple


class BaseUnit(NamedTuple):
    """The end of a metric's name, and how a value in the catalogue's unit is converted.

    A division by 100 is exact where a multiplication by 0.01 is not.
    """

    name: str
    factor: int = 1
    divisor: int = 1


_MEGA = 1_000_000
_COUNTED = BaseUnit("")

BASE_UNITS = {
    "": _COUNTED,
    "%": BaseUnit("ratio", divisor=100),
    "bytes": BaseUnit("bytes"),
    "MB/s": BaseUnit("bytes_per_second", factor=_MEGA),
    "MHz": BaseUnit("hertz", factor=_MEGA),
    "ms": BaseUnit("seconds", divisor=1000),
    "°C": BaseUnit("celsius"),
    "W": BaseUnit("watts"),
    "J": BaseUnit("joules"),
    **dict.fromkeys(("lanes", "links", "errors", "pages", "rows", "processes"), _COUNTED),
}
