"""Reads one GPU in a thread of its own, so that a call that hangs does not delay the others."""

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeAlias

from collector.sensors.gpu.driver import GpuDevice, GpuReading
from telemetry.errors import SensorAbsentError

log = logging.getLogger(__name__)

Question: TypeAlias = Callable[[], GpuReading | None]

_END_SECONDS = 0.5


class GpuThread:
    """Calls ``device`` in a thread, one question at a time. Only the caller uses its other members.

    A question that is not answered in time keeps the thread busy. Until its call returns, no other
    question is asked, and its late answer is discarded. ``problem`` is a sentence about the newest
    question, or None; ``answered`` is False if the newest reading held no answer at all.
    """

    def __init__(self, gpu_id: int, device: GpuDevice) -> None:
        """Start no thread yet; the first question starts it."""
        self.id = gpu_id
        self.device = device
        self.problem: str | None = None
        self.answered = True
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._done = threading.Event()
        self._done.set()
        self._skipped = False
        self._on_answer: Callable[[], None] = lambda: None
        self._answer: GpuReading | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._logged: set[str] = set()

    @property
    def label(self) -> str:
        """The name of the GPU in a sentence, such as ``GPU 0 (NVIDIA L4)``."""
        name = self.device.name
        return f"GPU {self.id} ({name})" if name else f"GPU {self.id}"

    @property
    def busy(self) -> bool:
        """Whether a question is still unanswered."""
        return not self._done.is_set()

    def ask(self, question: Question, on_answer: Callable[[], None] = lambda: None) -> None:
        """Put ``question`` to the GPU, unless the previous one is still unanswered.

        ``on_answer`` is called, from any thread, once ``answer`` would not have to wait.
        """
        self._skipped = self.busy
        if self._skipped:
            on_answer()
            return
        self._answer = self._error = None
        self._on_answer = on_answer
        self._done.clear()
        if self._thread is None:
            name = f"sensor-gpu-{self.id}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._questions.put(question)

    def answer(self, deadline: float) -> GpuReading | None:
        """Return the answer, or None if there is none by ``deadline``, in monotonic seconds.

        Raises SensorAbsentError if the question raised it: it concerns all GPUs of the driver.
        """
        if self._skipped or not self._done.wait(max(0.0, deadline - time.monotonic())):
            self.problem = (
                f"{self.label} does not answer because a driver call hangs: look for errors in the"
                " kernel log (Xid for NVIDIA); if it persists, reset the GPU or reboot."
            )
            return None
        if isinstance(self._error, SensorAbsentError):
            raise self._error
        if self._error is not None:
            log.debug("The traceback of %s", self.label, exc_info=self._error)
            what = f"{type(self._error).__name__}: {self._error}"
            self.problem = f"{self.label} cannot be read ({what})."
            return None
        if self._answer is not None:
            self._take(self._answer)
        return self._answer

    def end(self) -> None:
        """End the thread; if it hangs, it ends when its call returns."""
        self._questions.put(None)
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
        while question := self._questions.get():
            try:
                self._answer = question()
            except BaseException as error:  # noqa: BLE001 - `answer` handles it in the caller's thread
                self._error = error
            on_answer = self._on_answer  # the next question has a different one
            self._done.set()
            on_answer()
