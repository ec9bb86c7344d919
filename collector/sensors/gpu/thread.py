"""Asks one GPU in a thread of its own: a call that hangs holds up no other GPU."""

import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TypeAlias

from collector.sensors.gpu.nvml.device import Device

Values: TypeAlias = Mapping[str, object]

_END_SECONDS = 0.5


class GpuThread:
    """Puts questions to ``device``, one at a time. All but the questions is the caller's thread's.

    A question that is not answered in time keeps its thread; further ones are not asked until it
    comes back, and its late answer is dropped. ``problem`` says why there is no answer, or what the
    device had to complain of.
    """

    def __init__(self, device: Device) -> None:
        """Begin with no thread; the first question starts it."""
        self.device = device
        self.problem: str | None = None
        self._questions: SimpleQueue[Callable[[], Values] | None] = SimpleQueue()
        self._answered = threading.Event()
        self._answered.set()
        self._answer: Values | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a question has not been answered yet."""
        return not self._answered.is_set()

    def ask(self, question: Callable[[], Values]) -> None:
        """Begin to ask, unless the question before is still under way."""
        if self.busy:
            return
        self._answer = self._error = None
        self._answered.clear()
        if self._thread is None:
            name = f"sensor-gpu-{self.device.index}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._questions.put(question)

    def answer(self, deadline: float) -> Values | None:
        """Return the answer, or None where there is none by ``deadline``, in monotonic time.

        Raises what the question raised.
        """
        if not self._answered.wait(max(0.0, deadline - time.monotonic())):
            self.problem = (
                f"{self.device.label} does not answer, a call to the driver hangs: look for Xid"
                " errors in the kernel log; if it stays so, reset the GPU or reboot."
            )
            return None
        if self._error is not None:
            raise self._error
        self.problem = self.device.problem
        return self._answer

    def end(self) -> None:
        """End the thread; one that hangs ends when its call comes back."""
        self._questions.put(None)
        if self._thread is not None:
            self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        while question := self._questions.get():
            try:
                self._answer = question()
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is taken
                self._error = error
            self._answered.set()
