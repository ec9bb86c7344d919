"""A GPU driver in memory: an implementation of the port without a library."""

from collections.abc import Sequence
from pathlib import Path

from collector.sensors.gpu.driver import Clock, GpuDevice, GpuDriver, GpuProcess, GpuReading
from telemetry.errors import SensorAbsentError


class MemoryDevice(GpuDevice):
    """One GPU with a fixed temperature. ``lost`` and ``driver`` may change between calls."""

    def __init__(self, number: int, driver: "MemoryDriver") -> None:
        self._number = number
        self._driver = driver
        self._known = False
        self.lost = False
        self.error: Exception | None = None

    @property
    def name(self) -> str | None:
        return f"Memory GPU {'ABCDEFGH'[self._number]}" if self._known else None

    @property
    def uuid(self) -> str | None:
        return f"MEM-{self._number}" if self._known else None

    def identify(self, clock: Clock) -> None:
        del clock
        self._driver.require_presence()
        self._known |= not self.lost

    def read(self, clock: Clock) -> GpuReading:
        self.identify(clock)
        if self.error is not None:
            raise self.error
        if self.lost:
            return self.unanswered()._replace(problem="is lost: plug it in again")
        return GpuReading(
            {"name": self.name, "uuid": self.uuid, "temperature": 40 + self._number},
            processes=[GpuProcess(1, "compute", 1024, None)],
            not_reported={"power": "no meter"},
        )

    def unanswered(self) -> GpuReading:
        return GpuReading({"name": self.name, "uuid": self.uuid}, answered=False)


class MemoryDriver(GpuDriver):
    """Has the GPUs in ``gpus``; if that is empty and ``absence`` is unset, it lists none.

    It is its own factory: a sensor that creates its driver again gets this one.
    """

    vendor = "memory"

    def __init__(self, gpus: int = 1) -> None:
        self.gpus = gpus
        self.absence: str | None = None
        self.failure: Exception | None = None
        self.is_open = False
        self.openings = 0
        self._devices: list[MemoryDevice] = []

    def __call__(self, proc: Path) -> "MemoryDriver":
        del proc
        return self

    def require_presence(self) -> None:
        if self.absence is not None:
            raise SensorAbsentError(self.absence)

    def open(self) -> None:
        self.require_presence()
        if self.failure is not None:
            raise self.failure
        self.is_open = True
        self.openings += 1
        self.details = {"driver_version": "1.0"}

    def devices(self) -> Sequence[MemoryDevice]:
        assert self.is_open
        self.require_presence()
        if self.failure is not None:
            raise self.failure
        if self.gpus == 0:
            raise SensorAbsentError("The memory driver lists no GPU.")
        if len(self._devices) != self.gpus:
            self._devices = [MemoryDevice(number, self) for number in range(self.gpus)]
        return self._devices

    def close(self) -> None:
        self.is_open = False
        self.details = {}
