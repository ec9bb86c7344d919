"""One sensor and its thread: a reading that hangs or fails stays here."""

import logging
import threading
import time
from collections.abc import Callable

from collector.sensors.port import Sensor
from telemetry.errors import SensorAbsent
from telemetry.samples import Sample
from telemetry.status import SensorReport, SensorState

log = logging.getLogger(__name__)

_ABSENT_RETRY_SECONDS = 30.0
_HANGING_SECONDS = 5.0


class SensorWorker:
    """Reads ``sensor`` once for each ``tick``, in a thread of its own.

    Hands each sample to ``deliver`` and calls ``on_change`` when the sensor's state or its reason
    has changed; both are called in the worker's thread.
    """

    def __init__(
        self,
        sensor: Sensor,
        host: str,
        deliver: Callable[[Sample], None],
        on_change: Callable[[], None],
    ) -> None:
        """Prepare the thread; nothing is opened before ``start``."""
        self.name = sensor.name
        self._sensor = sensor
        self._host = host
        self._deliver = deliver
        self._on_change = on_change
        self._state = SensorState.STARTING
        self._reason: str | None = None
        self._duration: float | None = None
        self._failures = 0
        self._missed_ticks = 0
        self._opened = False
        self._retry_at = 0.0
        self._due = threading.Event()
        self._busy_since: float | None = None
        self._stopping = False
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sensor-{self.name}", daemon=True)

    def start(self) -> None:
        """Open the sensor, in its thread."""
        self._due.set()
        self._thread.start()

    def tick(self) -> None:
        """Ask for one reading; one that is still under way swallows the tick, which is counted."""
        busy_since = self._busy_since
        if busy_since is None and not self._due.is_set():
            self._due.set()
            return
        self._missed_ticks += 1
        if busy_since is not None and time.monotonic() - busy_since > _HANGING_SECONDS:
            self._enter(
                SensorState.HANGING,
                f"its reading has not come back for more than {_HANGING_SECONDS:.0f} s",
            )

    def stop(self) -> None:
        """Ask the thread to end; ``join`` waits for it."""
        self._stopping = True
        self._due.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread, ``seconds`` at most: a reading that hangs is left behind."""
        self._thread.join(seconds)

    def wait_settled(self, seconds: float) -> None:
        """Wait, ``seconds`` at most, until it is known whether there is something to read."""
        self._settled.wait(seconds)

    def report(self) -> SensorReport:
        """Return how the sensor fares."""
        return SensorReport(
            state=self._state,
            reason=self._reason,
            description=self._sensor.describe() if self._opened else None,
            duration_ms=None if self._duration is None else round(self._duration * 1000, 3),
            failures=self._failures,
            missed_ticks=self._missed_ticks,
        )

    def _run(self) -> None:
        while self._due.wait() and not self._stopping:
            self._busy_since = time.monotonic()
            self._due.clear()
            self._attempt()
            self._busy_since = None
            self._settled.set()
        self._sensor.close()

    def _attempt(self) -> None:
        try:
            if self._opened:
                self._read()
            elif time.monotonic() >= self._retry_at:
                self._sensor.open()
                self._opened = True
                log.info("Sensor %s: %s.", self.name, self._sensor.describe())
        except SensorAbsent as absence:
            self._close()
            self._enter(SensorState.ABSENT, str(absence))
        except Exception as error:
            self._failures += 1
            self._enter(SensorState.FAILING, f"{type(error).__name__}: {error}")
            log.debug("The traceback of sensor %s", self.name, exc_info=True)

    def _read(self) -> None:
        started = time.monotonic()
        for channel, values in self._sensor.read():
            timestamp = time.time_ns() // 1_000_000
            self._deliver(Sample(channel, self._host, timestamp, values))
        self._duration = time.monotonic() - started
        self._enter(SensorState.OK)

    def _close(self) -> None:
        self._opened = False
        self._retry_at = time.monotonic() + _ABSENT_RETRY_SECONDS
        self._sensor.close()

    def _enter(self, state: SensorState, reason: str | None = None) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        self._state, self._reason = state, reason
        if reason is not None:
            log.warning("Sensor %s is %s: %s", self.name, state, reason)
        self._on_change()
