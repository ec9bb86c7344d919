"""Maps each unit of the catalogue to a Home Assistant unit and device class."""

from typing import NamedTuple


class Unit(NamedTuple):
    """A Home Assistant unit: its name, the device class of its values, and its size.

    ``size`` is in the catalogue's unit: a GiB is 2**30 bytes. Each value is divided by ``size``,
    because Home Assistant does not choose a readable unit itself.
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
