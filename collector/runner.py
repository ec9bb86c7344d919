"""Ticks all sensors on one monotonic schedule."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from collector.sensors.port import Sensor
from collector.worker import SensorWorker, Timeouts
from telemetry.samples import Sample
from telemetry.status import SensorReport

log = logging.getLogger(__name__)

_FIRST_TICK_SECONDS = 1.0  # a rate needs some time between two readings
_STOP_SECONDS = 0.5
# A busy machine may take longer than a short interval, but the values are still useful.
_LATE_SECONDS = 1.0


def next_tick(start: float, interval: float, now: float) -> float:
    """Return the first time on the grid ``start + n * interval`` after ``now``.

    Ticks missed by a suspended or overloaded machine are skipped and counted, not made up later.
    """
    return start + max(0, math.floor((now - start) / interval) + 1) * interval


class Runner:
    """Ticks each sensor every ``interval`` seconds; sensors never delay or stop each other."""

    def __init__(
        self,
        sensors: Iterable[Sensor],
        host: str,
        interval: float,
        deliver: Callable[[Sample], None],
        on_change: Callable[[], None],
        on_vanished: Callable[[str], None],
        on_tick: Callable[[], None],
        timeouts: Timeouts | None = None,
    ) -> None:
        """Call ``deliver`` for each sample, and ``on_change`` for each change of a sensor's state.

        Call ``on_vanished`` for each channel that a sensor no longer reads. Call ``on_tick`` once
        all sensors have been read, except those that are still busy with an earlier tick.

        Without ``timeouts``, a reading that takes longer than the interval and longer
        than 1 s is discarded.
        """
        timeouts = timeouts or Timeouts(late_seconds=max(interval, _LATE_SECONDS))
        self._workers = [
            SensorWorker(
                sensor, host, deliver, on_change, on_vanished, self._note_finished, timeouts
            )
            for sensor in sensors
        ]
        self._interval = interval
        self._on_tick = on_tick
        self._lock = threading.Lock()
        self._reading: set[SensorWorker] = set()  # those that the newest tick waits for
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)

    def start(self) -> None:
        """Open the sensors and start ticking."""
        for worker in self._workers:
            worker.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking and close the sensors; a sensor that hangs is abandoned."""
        self._stopping.set()
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def wait_settled(self, seconds: float) -> None:
        """Wait up to ``seconds`` until each sensor has been opened or has failed to open."""
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.wait_settled(max(0.0, deadline - time.monotonic()))

    def reports(self) -> Mapping[str, SensorReport]:
        """Return the report of each sensor, by name."""
        return {worker.name: worker.report() for worker in self._workers}

    def _run(self) -> None:
        start = time.monotonic() + min(self._interval, _FIRST_TICK_SECONDS)
        tick = start
        while not self._stopping.wait(tick - time.monotonic()):
            with self._lock:
                self._reading = {worker for worker in self._workers if worker.tick()}
                all_busy = not self._reading
            if all_busy:
                self._on_tick()
            following = next_tick(start, self._interval, time.monotonic())
            skipped = round((following - tick) / self._interval) - 1
            for worker in self._workers:
                worker.note_skipped(skipped)
            tick = following

    def _note_finished(self, worker: SensorWorker) -> None:
        with self._lock:
            was_last = self._reading == {worker}
            self._reading.discard(worker)
        if was_last:
            self._on_tick()
