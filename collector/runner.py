"""Reads all sensors at regular times (ticks), measured by the monotonic clock."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from collector.sensors.port import Sensor
from collector.worker import SensorWorker, Timeouts
from telemetry.samples import Sample
from telemetry.status import SensorReport

_FIRST_TICK_SECONDS = 1.0  # a rate needs some time between two readings
_STOP_SECONDS = 0.5
_SLOW_SECONDS = 0.02  # once a tick takes this long, the samples read so far are sent
_PATIENCE_SECONDS = 0.1  # on a busy machine, even a reading of 1 ms may take this long
# On a busy machine, a reading may take longer than a short interval; its values are still useful.
_LATE_SECONDS = 1.0


def next_tick(start: float, interval: float, now: float) -> float:
    """Return the first of the times ``start``, ``start + interval``, … that is after ``now``.

    Missed ticks are skipped, for instance those on an overloaded machine.
    """
    return start + max(0, math.floor((now - start) / interval) + 1) * interval


class Runner:
    """Reads each sensor every ``interval`` seconds; a slow sensor hardly delays the others.

    At each tick, one thread reads the sensors one after another. If a slow reading delays other
    readings, a new thread takes over: it reads the sensors that are still waiting, and from the
    next tick on, all sensors. The slow thread exits once its reading is done. One thread per sensor
    would take 50% more CPU time.
    """

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
        """Start no thread yet.

        ``deliver`` is called with each sample. ``on_change`` is called when a sensor's state, or
        the reason for it, changes. ``on_vanished`` is called with each channel that a
        sensor no longer reads.

        ``on_tick`` is called at the end of each tick, once the sensors have been read. The
        runner does not wait for a sensor that is still busy with an earlier tick. If the readings
        of a tick take more than about 20 ms, ``on_tick`` is also called while they are in progress.
        If a slow reading ends after its tick, ``on_tick`` is called again.

        If ``timeouts`` is None, values are discarded if they are read more than ``interval``
        seconds (or 1 s, if that is longer) after the reading began.
        """
        timeouts = timeouts or Timeouts(late_seconds=max(interval, _LATE_SECONDS))
        self._workers = [
            SensorWorker(sensor, host, deliver, on_change, on_vanished, timeouts)
            for sensor in sensors
        ]
        self._in_order = sorted(self._workers, key=lambda worker: worker.may_wait)
        self._interval = interval
        self._on_tick = on_tick
        self._start = self._tick = 0.0  # when the first and the next tick are due
        self._lock = threading.Lock()
        self._due: deque[SensorWorker] = deque()
        self._reading_since: float | None = None  # when the newest reader began to read
        self._reader: threading.Thread | None = None  # the newest reader
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="runner", daemon=True)

    def start(self) -> None:
        """Open the sensors and start ticking."""
        self._start = self._tick = time.monotonic() + min(self._interval, _FIRST_TICK_SECONDS)
        with self._lock:
            self._due.extend(worker for worker in self._in_order if worker.tick())
            self._start_reader()
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking and close the sensors; a sensor that hangs is abandoned."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if self._reader is not None:
            self._reader.join(_STOP_SECONDS)
            for worker in self._workers if self._reader.is_alive() else ():
                worker.close()

    def wait_settled(self, seconds: float) -> None:
        """Wait up to ``seconds`` until each sensor has been opened or has failed to open."""
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.wait_settled(max(0.0, deadline - time.monotonic()))

    def reports(self) -> Mapping[str, SensorReport]:
        """Return the report of each sensor, by name."""
        return {worker.name: worker.report() for worker in self._workers}

    def _watch(self) -> None:
        """Replace the reader thread whenever a slow reading delays other readings."""
        check = time.monotonic() + _PATIENCE_SECONDS
        while not self._stopping.wait(check - time.monotonic()):
            with self._lock:
                now, since = time.monotonic(), self._reading_since
                check = max(now, self._tick) + _SLOW_SECONDS
                if since is not None or self._due:
                    check = now + _PATIENCE_SECONDS
                is_slow = since is not None and now >= since + _PATIENCE_SECONDS
                if is_slow and (self._due or now >= self._tick):
                    with suppress(RuntimeError):  # no thread can be started now; retried
                        self._start_reader()
            if since is not None:
                self._end_tick()

    def _start_reader(self) -> None:
        """Start a new reader thread, which waits until the caller releases the lock.

        Raises RuntimeError if no thread can be started.
        """
        reader = threading.Thread(target=self._read, name="sensors", daemon=True)
        reader.start()
        self._reader, self._reading_since = reader, None

    def _read(self) -> None:
        """Read the sensors at each tick, until the runner stops or another thread takes over."""
        while self._read_due() and not self._stopping.wait(self._tick - time.monotonic()):
            self._begin_tick()
        if self._is_reader():
            for worker in self._workers:
                worker.close()

    def _is_reader(self) -> bool:
        return self._reader is threading.current_thread()

    def _read_due(self) -> bool:
        """Read the sensors that are due; return whether this thread is still the reader."""
        while worker := self._next_due():
            worker.read()
        self._end_tick()
        return self._is_reader()

    def _next_due(self) -> SensorWorker | None:
        with self._lock:
            if not self._is_reader() or self._stopping.is_set():
                return None
            self._reading_since = time.monotonic() if self._due else None
            return self._due.popleft() if self._due else None

    def _begin_tick(self) -> None:
        with self._lock:
            if not self._is_reader():
                return
            self._due.extend(worker for worker in self._in_order if worker.tick())
            following = next_tick(self._start, self._interval, time.monotonic())
            skipped = round((following - self._tick) / self._interval) - 1
            for worker in self._workers if skipped else ():
                worker.note_skipped(skipped)
            self._tick = following

    def _end_tick(self) -> None:
        if self._tick > self._start:  # before the first tick, the sensors are only opened
            self._on_tick()
