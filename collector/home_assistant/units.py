"""How Home Assistant classifies each unit of the catalogue."""

from typing import NamedTuple


class Unit(NamedTuple):
    """Home Assistant's name of a unit, and the device class whose values have it."""

    name: str | None
    device_class: str | None = None


UNITS = {
    "": Unit(None),
    "%": Unit("%"),
    "bytes": Unit("B", "data_size"),
    "MB/s": Unit("MB/s", "data_rate"),
    "MHz": Unit("MHz", "frequency"),
    "ms": Unit("ms", "duration"),
    "°C": Unit("°C", "temperature"),
    "W": Unit("W", "power"),
    "J": Unit("J", "energy"),
    **{name: Unit(name) for name in ("lanes", "links", "errors", "pages", "rows", "processes")},
}
