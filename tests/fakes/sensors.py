"""Sensors for tests of the parts behind them: the runner, the publisher, the ingester."""

import threading
from collections.abc import Iterable

from collector.sensors.port import Reading, Sensor
from telemetry.errors import SensorAbsentError


class CountingSensor(Sensor):
    """Reads 1, 2, 3, … as the CPU's utilization."""

    def __init__(self, name: str = "cpu", channel: str = "system/cpu") -> None:
        """Count on ``channel``."""
        self.name = name
        self.channel = channel
        self.count = 0
        self.closed = False

    def open(self) -> None:
        self.closed = False

    def read(self) -> Iterable[Reading]:
        self.count += 1
        return [Reading(self.channel, {"utilization": self.count, "per_core": [self.count]})]

    def describe(self) -> str:
        return "a counter"

    def close(self) -> None:
        self.closed = True


class FailingSensor(CountingSensor):
    """Fails at every reading."""

    def read(self) -> Iterable[Reading]:
        raise OSError("the bus is on fire")


class TroubledSensor(CountingSensor):
    """Raises ``opening`` when it is opened and ``reading`` after each reading, while they are set.

    While it is open it reports a version.
    """

    def __init__(self, name: str = "gpu", channel: str = "system/gpu/0") -> None:
        super().__init__(name, channel)
        self.opening: Exception | None = None
        self.reading: Exception | None = None
        self.openings = 0

    def open(self) -> None:
        super().open()
        self.openings += 1
        if self.opening:
            raise self.opening
        self.details = {"version": "1"}

    def read(self) -> Iterable[Reading]:
        yield from super().read()
        if self.reading:
            raise self.reading

    def close(self) -> None:
        super().close()
        self.details = {}


class ChangingSensor(TroubledSensor):
    """Reads each of ``channels``."""

    def __init__(self, *channels: str) -> None:
        super().__init__()
        self.channels: tuple[str, ...] = channels

    def read(self) -> Iterable[Reading]:
        for channel in self.channels:
            yield Reading(channel, {"utilization": 1})
        if self.reading:
            raise self.reading


class AbsentSensor(CountingSensor):
    """Finds nothing to read."""

    def open(self) -> None:
        raise SensorAbsentError("There is no such thing here.")


class HangingSensor(CountingSensor):
    """Hangs in each reading until ``release`` is set."""

    def __init__(self, name: str = "disk", channel: str = "system/disk") -> None:
        super().__init__(name, channel)
        self.release = threading.Event()

    def read(self) -> Iterable[Reading]:
        self.release.wait()
        return super().read()
