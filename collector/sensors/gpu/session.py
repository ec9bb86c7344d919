"""Opens and restarts one driver and finds its GPUs, independently of the other drivers."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from collector.sensors.gpu.driver import GpuDriver
from collector.sensors.gpu.thread import GpuThread
from telemetry.errors import SensorAbsentError, SensorFailedError

log = logging.getLogger(__name__)

_RETRY_SECONDS = 30.0


class DriverSession:
    """Keeps a driver open while it can be used, and lists its available GPUs.

    ``absence`` is None, or a sentence that explains why the driver cannot be used.

    The id of a GPU depends on its position in the driver's list of GPUs. When a position is first
    occupied, it gets the next id from ``ids``, and keeps it even if the driver is closed or
    absent for a while. All drivers share ``ids``, so GPUs of different drivers never have
    the same id.
    """

    def __init__(
        self,
        make: Callable[[], GpuDriver],
        ids: Iterator[int],
        clock: Callable[[], float],
        patience: float,
    ) -> None:
        """Open nothing yet.

        ``refresh`` waits up to ``patience`` seconds for new GPUs to report their names and UUIDs.
        """
        self.gpus: Sequence[GpuThread] = ()
        self.absence: str | None = None
        self._make = make
        self._new_ids = ids
        self._ids: list[int] = []
        self._clock = clock
        self._patience = patience
        self._driver: GpuDriver | None = None
        self._failure: str | None = None
        self._retry_at = float("-inf")
        self._unresponsive_since: float | None = None

    @property
    def vendor(self) -> str | None:
        """The driver's vendor; None while the driver is not open."""
        return self._driver.vendor if self._driver else None

    @property
    def reports_own_pids(self) -> bool:
        """Whether the driver reports process ids that are valid in our PID namespace.

        False while the driver is not open.
        """
        return self._driver is not None and self._driver.reports_own_pids

    @property
    def details(self) -> Mapping[str, str]:
        """Facts about the driver, such as its version; empty while the driver is not open."""
        return self._driver.details if self._driver else {}

    @property
    def problem(self) -> str | None:
        """What is wrong with the driver, or None.

        An absent driver is a problem only if one of its GPUs has been found before.
        """
        return self._failure or (self.absence if self._ids else None)

    def refresh(self) -> None:
        """Open the driver if it is closed, and find its GPUs.

        For half a minute after the driver was suspended or could not be opened, this method does
        nothing. If no GPU has answered for half a minute, the driver is restarted, unless a call to
        a GPU hangs. Failures are not raised: ``absence`` and ``problem`` describe them.
        """
        now = self._clock()
        if self._driver is None and now < self._retry_at:
            return
        self.absence = self._failure = None
        try:
            self._find_gpus(self._opened(now))
        except SensorAbsentError as absence:
            self.suspend(absence)
        except SensorFailedError as failure:
            self._failure = str(failure)
        except Exception as error:
            log.debug("Traceback of a GPU driver", exc_info=True)
            self._failure = f"A GPU driver failed ({type(error).__name__}: {error})."

    def suspend(self, absence: SensorAbsentError) -> None:
        """Close the driver; ``refresh`` does not reopen it for half a minute."""
        self._close_driver()
        self.absence = str(absence)

    def close(self) -> None:
        """Close the driver and discard its state, except for the ids of its GPUs."""
        self._close_driver()
        self.absence = self._failure = None
        self._retry_at = float("-inf")

    def _opened(self, now: float) -> GpuDriver:
        driver = self._driver
        if driver is not None and not self._unresponsive(now):
            return driver
        if driver is None:
            driver = self._make()
        else:
            # A GPU that was reset, or lost for a while, may answer only after the driver restarts.
            driver.close()
        self._driver = driver
        try:
            driver.open()
        except BaseException:
            self._close_driver()
            raise
        return driver

    def _unresponsive(self, now: float) -> bool:
        if not self.gpus or any(gpu.busy or gpu.answered for gpu in self.gpus):
            self._unresponsive_since = None
            return False
        if self._unresponsive_since is None:
            self._unresponsive_since = now
        if now - self._unresponsive_since < _RETRY_SECONDS:
            return False
        self._unresponsive_since = None
        return True

    def _find_gpus(self, driver: GpuDriver) -> None:
        devices = driver.devices()
        if [gpu.device for gpu in self.gpus] == list(devices):
            return
        # When a GPU is added or removed, the positions of the other GPUs may change, so all GPUs
        # are identified again.
        self._end_threads()
        while len(self._ids) < len(devices):
            self._ids.append(next(self._new_ids))
        ids = self._ids[: len(devices)]
        self.gpus = [GpuThread(*each) for each in zip(ids, devices, strict=True)]
        for gpu in self.gpus:
            gpu.submit(partial(gpu.device.identify, self._clock))
        deadline = time.monotonic() + self._patience
        for gpu in self.gpus:
            gpu.result(deadline)

    def _end_threads(self) -> None:
        for gpu in self.gpus:
            gpu.end()

    def _close_driver(self) -> None:
        self._end_threads()
        # Closing a driver while one of its calls hangs would hang, too. Such a driver is abandoned.
        if self._driver is not None and not any(gpu.busy for gpu in self.gpus):
            self._driver.close()
        self._driver, self.gpus, self._unresponsive_since = None, (), None
        self._retry_at = self._clock() + _RETRY_SECONDS
