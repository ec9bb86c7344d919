"""One sensor and its thread: a reading that hangs or fails stays here."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from collector.sensors.port import Sensor
from telemetry.clock import unix_milliseconds
from telemetry.errors import SensorAbsentError, SensorFailedError, SystemMonitorError
from telemetry.samples import Sample
from telemetry.status import SensorReport, SensorState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a reading may take, and a sensor that cannot be opened is left alone."""

    hanging_seconds: float = 5.0
    reopen_seconds: float = 30.0


class _Standing(NamedTuple):
    state: SensorState
    reason: str | None = None
    description: str | None = None
    details: Mapping[str, str] = MappingProxyType({})


class SensorWorker:
    """Reads ``sensor`` once for each ``tick``, in a thread of its own.

    Hands each sample to ``deliver`` in that thread, the only one that uses the sensor. Calls
    ``on_change`` when the sensor's state or its reason has changed.
    """

    def __init__(
        self,
        sensor: Sensor,
        host: str,
        deliver: Callable[[Sample], None],
        on_change: Callable[[], None],
        patience: Patience,
    ) -> None:
        """Prepare the thread; nothing is opened before ``start``."""
        self.name = sensor.name
        self._sensor = sensor
        self._host = host
        self._deliver = deliver
        self._on_change = on_change
        self._patience = patience
        self._duration: float | None = None
        self._failures = 0
        self._missed_ticks = 0
        self._opened = False
        self._reopen_at = float("-inf")
        self._due = threading.Event()
        self._lock = threading.Lock()  # holds _standing and _busy_since together
        self._standing = _Standing(SensorState.STARTING)
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
        limit = self._patience.hanging_seconds
        with self._lock:
            busy_since, before = self._busy_since, self._standing
            if busy_since is None and not self._due.is_set():
                self._due.set()
                return
            self._missed_ticks += 1
            if busy_since is None or time.monotonic() - busy_since <= limit:
                return
            reason = f"It has not answered for more than {limit:g} s."
            now = before._replace(state=SensorState.HANGING, reason=reason)
            self._standing = now
        self._announce(before, now)

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
        """Return how the sensor fares. Any thread may ask; the sensor itself is not asked."""
        standing = self._standing
        return SensorReport(
            state=standing.state,
            reason=standing.reason,
            description=standing.description,
            details=dict(standing.details),
            duration_ms=None if self._duration is None else round(self._duration * 1000, 3),
            failures=self._failures,
            missed_ticks=self._missed_ticks,
        )

    def _run(self) -> None:
        while self._due.wait() and not self._stopping:
            self._busy_since = time.monotonic()
            self._due.clear()
            now = self._attempt()
            with self._lock:
                before, self._standing = self._standing, now
                self._busy_since = None
            self._announce(before, now)
            self._settled.set()
        self._close()

    def _attempt(self) -> _Standing:
        try:
            if self._opened:
                return self._read()
            if time.monotonic() < self._reopen_at:
                return self._standing
            return self._open()
        except SensorAbsentError as absence:
            self._close()
            return _Standing(SensorState.ABSENT, str(absence))
        except Exception as error:
            self._failures += 1
            reason = f"{type(error).__name__}: {error}"
            if isinstance(error, SystemMonitorError):
                reason = str(error)
            if reason != self._standing.reason:
                log.debug("The traceback of sensor %s", self.name, exc_info=True)
            if not self._opened:
                self._close()  # what it has got hold of so far
            return self._standing._replace(state=SensorState.FAILING, reason=reason)

    def _open(self) -> _Standing:
        self._sensor.open()
        self._opened = True
        now = self._stand(SensorState.STARTING)
        log.info("Sensor %s: %s.", self.name, now.description)
        return now

    def _read(self) -> _Standing:
        started = time.monotonic()
        try:
            for channel, values in self._sensor.read():
                timestamp = unix_milliseconds()
                self._deliver(Sample(channel, self._host, timestamp, values))
        except SensorFailedError as failure:  # the sensor knows what is wrong, and goes on
            self._failures += 1
            return self._stand(SensorState.FAILING, str(failure))
        finally:
            self._duration = time.monotonic() - started
        return self._stand(SensorState.OK)

    def _stand(self, state: SensorState, reason: str | None = None) -> _Standing:
        return _Standing(state, reason, self._sensor.describe(), self._sensor.details)

    def _close(self) -> None:
        self._opened = False
        self._reopen_at = time.monotonic() + self._patience.reopen_seconds
        try:
            self._sensor.close()
        except Exception:
            log.debug("Sensor %s could not be closed", self.name, exc_info=True)

    def _announce(self, before: _Standing, now: _Standing) -> None:
        if (now.state, now.reason) == (before.state, before.reason):
            return
        if now.reason is not None:
            # That there is no GPU here is no trouble; that there is none any more is.
            expected = (before.state, now.state) == (SensorState.STARTING, SensorState.ABSENT)
            level = logging.INFO if expected else logging.WARNING
            log.log(level, "Sensor %s is %s: %s", self.name, now.state, now.reason)
        elif before.reason is not None:
            log.info("Sensor %s is %s again.", self.name, now.state)
        self._on_change()
