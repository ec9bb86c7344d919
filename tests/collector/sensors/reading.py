"""What the tests of all sensors share."""

from collections.abc import Mapping
from typing import Any

from collector.sensors.port import Reading, Sensor
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import Family, Kind
from telemetry.decoding import decode_sample, resolve
from telemetry.samples import Sample


class Clock:
    """A monotonic clock that a test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def read_once(sensor: Sensor, family: Family) -> Mapping[str, Any]:
    """Return the values of the only reading, after checking it against the catalogue."""
    (reading,) = sensor.read()
    assert reading.channel == family.channel
    return checked(reading, family)


def checked(reading: Reading, family: Family) -> Mapping[str, Any]:
    """Return the values after they have passed the bus: exactly the family's fields."""
    assert list(reading.values) == [field.name for field in family.fields]
    for field in family.fields:
        if field.kind is Kind.GROUPS:
            for group in reading.values[field.name].values():  # type: ignore[attr-defined]
                assert list(group) == [member.name for member in field.members]
    sample = Sample(reading.channel, "me", 1, reading.values)
    assert decode_sample(resolve(TopicScheme(), sample.channel), sample.payload()) == sample
    return reading.values
