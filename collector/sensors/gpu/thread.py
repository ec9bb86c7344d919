"""Reads one GPU in its own thread, so that a hanging call does not delay other GPUs."""

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeAlias

from collector.sensors.gpu.driver import GpuDevice, GpuReading
from telemetry.errors import SensorAbsentError

log = logging.getLogger(__name__)

Call: TypeAlias = Callable[[], GpuReading | None]

_END_SECONDS = 0.5


class GpuThread:
    """Makes calls to ``device`` in a thread, one at a time.

    Only the caller's thread may use this object's methods and attributes.
    A call that does not return in time keeps the GPU's thread busy. Until it returns, further calls
    are skipped. The result of the late call is discarded.

    ``problem`` is a sentence about what went wrong in the newest call, or None if nothing did.
    ``answered`` is False if the newest reading contains no answer from the GPU.
    """

    def __init__(self, gpu_id: int, device: GpuDevice) -> None:
        """Start no thread yet: the first ``submit`` starts it."""
        self.id = gpu_id
        self.device = device
        self.problem: str | None = None
        self.answered = True
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._done = threading.Event()
        self._done.set()
        self._skipped = False
        self._on_result: Callable[[], None] = lambda: None
        self._result: GpuReading | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._logged: set[str] = set()

    @property
    def label(self) -> str:
        """The GPU's name in messages, such as ``GPU 0 (NVIDIA L4)``."""
        name = self.device.name
        return f"GPU {self.id} ({name})" if name else f"GPU {self.id}"

    @property
    def busy(self) -> bool:
        """Whether a call is still in progress."""
        return not self._done.is_set()

    def submit(self, call: Call, on_result: Callable[[], None] = lambda: None) -> None:
        """Make ``call`` in the thread, unless the previous call is still in progress.

        ``on_result`` is called as soon as ``result`` can return without waiting, in the GPU's
        thread or the caller's.
        """
        self._skipped = self.busy
        if self._skipped:
            on_result()
            return
        self._result = self._error = None
        self._on_result = on_result
        self._done.clear()
        if self._thread is None:
            name = f"sensor-gpu-{self.id}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._calls.put(call)

    def result(self, deadline: float) -> GpuReading | None:
        """Return the result of the newest call, or None if the call failed or was skipped.

        Also returns None if there is no result by the monotonic time ``deadline``. Raises
        SensorAbsentError if the call did, because this error concerns all GPUs of the driver.
        """
        if self._skipped or not self._done.wait(max(0.0, deadline - time.monotonic())):
            self.problem = (
                f"{self.label} does not answer because a driver call hangs: look for errors in the"
                " kernel log (Xid for NVIDIA); if this persists, reset the GPU or reboot."
            )
            return None
        if isinstance(self._error, SensorAbsentError):
            raise self._error
        if self._error is not None:
            log.debug("Traceback of %s", self.label, exc_info=self._error)
            what = f"{type(self._error).__name__}: {self._error}"
            self.problem = f"{self.label} cannot be read ({what})."
            return None
        if self._result is not None:
            self._take(self._result)
        return self._result

    def end(self) -> None:
        """End the thread; if a call hangs, the thread ends when that call returns."""
        self._calls.put(None)
        if self._thread is not None:
            self._thread.join(_END_SECONDS)

    def _take(self, reading: GpuReading) -> None:
        self.answered = reading.answered
        self.problem = f"{self.label} {reading.problem}." if reading.problem else None
        new = {
            field: reason
            for field, reason in reading.not_reported.items()
            if field not in self._logged
        }
        if new:
            self._logged.update(new)
            reasons = ", ".join(sorted(set(new.values())))
            log.info("%s does not report %s (%s)", self.label, ", ".join(new), reasons)

    def _run(self) -> None:
        while call := self._calls.get():
            try:
                self._result = call()
            except BaseException as error:  # noqa: BLE001 - `result` handles it in the caller's thread
                self._error = error
            # This is read before `_done` is set, because the next call then replaces it.
            on_result = self._on_result
            self._done.set()
            on_result()
