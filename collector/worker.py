"""Runs one sensor and tracks its state.

A sensor that hangs or fails does not affect the other sensors.
"""

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
class Timeouts:
    """How long a reading may take, and how long to wait before reopening a sensor.

    Values read more than ``late_seconds`` after the start of a reading are discarded.
    After ``hanging_seconds``, the sensor is reported as hanging.
    """

    late_seconds: float
    hanging_seconds: float = 5.0
    reopen_seconds: float = 30.0


class _Status(NamedTuple):
    state: SensorState
    reason: str | None = None
    description: str | None = None
    details: Mapping[str, str] = MappingProxyType({})


class SensorWorker:
    """Reads ``sensor`` at most once per tick, in the thread that calls ``read``.

    Each sample is passed to ``deliver``. A sample's timestamp is the time at which its reading
    began, so no value is older than its timestamp. ``on_change`` is called when the sensor's
    state, or the reason for it, has changed. ``on_vanished`` is called with each channel that
    an earlier reading contained but a newer, complete reading does not. All channels of a sensor
    vanish when the sensor becomes absent.
    """

    def __init__(
        self,
        sensor: Sensor,
        host: str,
        deliver: Callable[[Sample], None],
        on_change: Callable[[], None],
        on_vanished: Callable[[str], None],
        timeouts: Timeouts,
    ) -> None:
        """Open nothing yet: the first ``read`` opens the sensor."""
        self.name = sensor.name
        self.may_wait = sensor.may_wait
        self._sensor = sensor
        self._host = host
        self._deliver = deliver
        self._on_change = on_change
        self._on_vanished = on_vanished
        self._channels: set[str] = set()
        self._timeouts = timeouts
        self._duration: float | None = None
        self._failures = 0
        self._missed_ticks = 0
        self._opened = False
        self._reopen_at = float("-inf")
        self._lock = threading.Lock()  # keeps _status and _busy_since consistent
        self._status = _Status(SensorState.STARTING)
        self._busy_since: float | None = None
        self._settled = threading.Event()

    def tick(self) -> bool:
        """Return whether to call ``read``; count a missed tick if a reading is in progress."""
        limit = self._timeouts.hanging_seconds
        with self._lock:
            busy_since, before = self._busy_since, self._status
            if busy_since is None:
                self._busy_since = time.monotonic()
                return True
            self._missed_ticks += 1
            if time.monotonic() - busy_since <= limit:
                return False
            reason = f"The sensor has not answered for more than {limit:g} s."
            after = before._replace(state=SensorState.HANGING, reason=reason)
            self._status = after
        self._announce(before, after)
        return False

    def note_skipped(self, ticks: int) -> None:
        """Add ``ticks`` missed ticks, after the machine was suspended or overloaded."""
        with self._lock:
            self._missed_ticks += ticks

    def read(self) -> None:
        """Read the sensor once, or open it if it is not open. This may block.

        Do nothing if the sensor was closed less than ``reopen_seconds`` ago. Call this method only
        after ``tick`` has returned true.
        """
        after = self._attempt()
        with self._lock:
            before, self._status = self._status, after
            self._busy_since = None
        self._announce(before, after)
        self._settled.set()

    def close(self) -> None:
        """Close the sensor, unless a reading is in progress.

        That reading can hang, and a sensor must not be used by two threads at once.
        """
        with self._lock:
            is_busy = self._busy_since is not None
        if not is_busy:
            self._close()

    def wait_settled(self, seconds: float) -> None:
        """Wait up to ``seconds`` for the sensor to open or fail to open."""
        self._settled.wait(seconds)

    def report(self) -> SensorReport:
        """Return the last known state. Thread-safe; does not access the sensor."""
        status = self._status
        return SensorReport(
            state=status.state,
            reason=status.reason,
            description=status.description,
            details=dict(status.details),
            duration_ms=None if self._duration is None else round(self._duration * 1000, 3),
            failures=self._failures,
            missed_ticks=self._missed_ticks,
        )

    def _attempt(self) -> _Status:
        try:
            if self._opened:
                return self._read()
            if time.monotonic() < self._reopen_at:
                return self._status
            return self._open()
        except SensorAbsentError as absence:
            self._close()
            self._keep_only(set())
            return _Status(SensorState.ABSENT, str(absence))
        except Exception as error:
            self._failures += 1
            reason = f"{type(error).__name__}: {error}"
            if isinstance(error, SystemMonitorError):
                reason = str(error)
            if reason != self._status.reason:
                log.debug("Traceback of sensor %s", self.name, exc_info=True)
            if not self._opened:
                self._close()  # releases what the sensor has acquired so far
            return self._status._replace(state=SensorState.FAILING, reason=reason)

    def _open(self) -> _Status:
        self._sensor.open()
        self._opened = True
        status = self._status_in(SensorState.STARTING)
        log.info("Sensor %s: %s.", self.name, status.description)
        return status

    def _read(self) -> _Status:
        started, timestamp = time.monotonic(), unix_milliseconds()
        found: set[str] = set()
        late = False
        try:
            for channel, values in self._sensor.read():
                found.add(channel)
                # The value may be from any time during the long reading, so its age is unknown.
                if time.monotonic() - started > self._timeouts.late_seconds:
                    late = True
                else:
                    self._deliver(Sample(channel, self._host, timestamp, values))
        except SensorFailedError as failure:  # a partial failure that the sensor reports
            self._failures += 1
            self._channels |= found  # a missing channel may have failed rather than vanished
            return self._status_in(SensorState.FAILING, str(failure))
        finally:
            self._duration = time.monotonic() - started
        self._keep_only(found)
        if late:
            self._failures += 1
            return self._status_in(SensorState.FAILING, self._lateness())
        return self._status_in(SensorState.OK)

    def _lateness(self) -> str:
        return (
            f"A reading took longer than {self._timeouts.late_seconds:g} s, so its late values"
            " were discarded: they may be old. If this persists, set a longer interval_seconds."
        )

    def _keep_only(self, found: set[str]) -> None:
        vanished, self._channels = self._channels - found, found
        for channel in sorted(vanished):
            self._on_vanished(channel)

    def _status_in(self, state: SensorState, reason: str | None = None) -> _Status:
        return _Status(state, reason, self._sensor.describe(), self._sensor.details)

    def _close(self) -> None:
        self._opened = False
        self._reopen_at = time.monotonic() + self._timeouts.reopen_seconds
        try:
            self._sensor.close()
        except Exception:
            log.debug("Cannot close sensor %s", self.name, exc_info=True)

    def _announce(self, before: _Status, after: _Status) -> None:
        if (after.state, after.reason) == (before.state, before.reason):
            return
        if after.reason is not None:
            # A machine without a GPU is normal; a GPU that disappears deserves a warning.
            expected = (before.state, after.state) == (SensorState.STARTING, SensorState.ABSENT)
            level = logging.INFO if expected else logging.WARNING
            log.log(level, "Sensor %s is %s: %s", self.name, after.state, after.reason)
        elif before.reason is not None:
            log.info("Sensor %s is %s again.", self.name, after.state)
        self._on_change()
