"""Ticks all sensors on one monotonic schedule."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from collector.sensors.port import Sensor
from collector.worker import Patience, SensorWorker
from telemetry.samples import Sample
from telemetry.status import SensorReport

log = logging.getLogger(__name__)

_FIRST_TICK_SECONDS = 1.0  # a rate needs some time to be a difference over
_STOP_SECONDS = 0.5


def next_tick(start: float, interval: float, now: float) -> float:
    """Return the first time on the grid ``start + n * interval`` that lies after ``now``.

    Ticks that a sleeping or overloaded machine has missed are skipped, not made up for.
    """
    return start + max(0, math.floor((now - start) / interval) + 1) * interval


class Runner:
    """Ticks each sensor every ``interval`` seconds; a sensor never delays or ends another."""

    def __init__(
        self,
        sensors: Iterable[Sensor],
        host: str,
        interval: float,
        deliver: Callable[[Sample], None],
        on_change: Callable[[], None],
        on_tick: Callable[[], None],
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        """Deliver the samples; report a changed sensor and each tick."""
        self._workers = [
            SensorWorker(sensor, host, deliver, on_change, patience) for sensor in sensors
        ]
        self._interval = interval
        self._on_tick = on_tick
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)

    def start(self) -> None:
        """Open the sensors and begin to tick."""
        for worker in self._workers:
            worker.start()
        self._thread.start()

    def stop(self) -> None:
        """End the ticks and close the sensors; one that hangs is left behind."""
        self._stopping.set()
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def wait_settled(self, seconds: float) -> None:
        """Wait, ``seconds`` at most, until each sensor has found out what there is to read."""
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.wait_settled(max(0.0, deadline - time.monotonic()))

    def reports(self) -> Mapping[str, SensorReport]:
        """Return how each sensor fares, by its name."""
        return {worker.name: worker.report() for worker in self._workers}

    def _run(self) -> None:
        start = time.monotonic() + min(self._interval, _FIRST_TICK_SECONDS)
        tick = start
        while not self._stopping.wait(tick - time.monotonic()):
            for worker in self._workers:
                worker.tick()
            self._on_tick()
            tick = next_tick(start, self._interval, time.monotonic())
