"""How Home Assistant classifies each unit of the catalogue."""

from typing import NamedTuple


class Unit(NamedTuple):
    """Home Assistant's name of a unit, the device class whose values have it, and its size.

    A state is the value divided by ``size``, since Home Assistant shows a value as it arrives.
    """

    name: str | None
    device_class: str | None = None
    size: int = 1


UNITS = {
    "": Unit(None),
    "%": Unit("%"),
    "bytes": Unit("GiB", "data_size", 2**30),
    "MB/s": Unit("MB/s", "data_rate"),
    "MHz": Unit("MHz", "frequency"),
    "ms": Unit("ms", "duration"),
    "°C": Unit("°C", "temperature"),
    "W": Unit("W", "power"),
    "J": Unit("kWh", "energy", 3_600_000),
    **{name: Unit(name) for name in ("lanes", "links", "errors", "pages", "rows", "processes")},
}
