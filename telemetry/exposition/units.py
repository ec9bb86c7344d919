"""Maps each unit of the catalogue to the base unit that Prometheus recommends."""

from typing import NamedTuple


class BaseUnit(NamedTuple):
    """A base unit: its suffix in a metric's name, and the factor and divisor to convert values.

    A percentage is divided by 100, because multiplying it by 0.01 is not exact: ``35 / 100`` gives
    0.35, but ``35 * 0.01`` gives 0.35000000000000003.
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
