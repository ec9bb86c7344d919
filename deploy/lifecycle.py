"""Starts parts in order, waits for a signal, and stops them in reverse order."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from queue import SimpleQueue
from types import FrameType
from typing import Protocol

from deploy.console import complain

log = logging.getLogger(__name__)

EXIT_WRONG_SETTING = 2
_STOP_SECONDS = 1.8  # a user who presses Ctrl-C waits at most 2 s


class Component(Protocol):
    """A part of the pipeline; idle until ``start``."""

    def start(self) -> None:
        """Start. Raises SettingsError if a setting makes that impossible."""

    def stop(self) -> None:
        """Stop. Safe to call twice."""


def end_on_signal(code: int = 0) -> None:
    """Let a signal end the process with ``code`` at once, without output: nothing has started."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os._exit(code)

    _handle_signals(end)


def run_until_signal(components: Iterable[Component], announce: Callable[[], None]) -> None:
    """Run ``components`` until SIGINT, SIGTERM, or the end of the terminal.

    Once all have started, ``announce`` runs in its own thread. If one fails to start, those before
    it are stopped and its error is raised. Stopping takes at most two seconds: if a part hangs, the
    process ends without waiting for it.
    """
    # Queues, because a handler may interrupt the thread that it wakes: an Event can deadlock.
    signals: SimpleQueue[int] = SimpleQueue()
    ends: SimpleQueue[Exception | None] = SimpleQueue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signals.put(number)
        ends.put(None)

    threading.Thread(target=_limit_stop_time, args=(ends,), name="limit", daemon=True).start()
    _handle_signals(on_signal)
    with ExitStack() as started:
        try:
            for component in components:
                if not signals.empty():
                    break
                component.start()
                started.callback(_stop, component)
            else:
                threading.Thread(target=announce, name="announcement", daemon=True).start()
            signals.get()
        except Exception as error:
            ends.put(error)
            raise


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            continue  # set by nohup
        signal.signal(number, handler)


def _stop(component: Component) -> None:
    try:
        component.stop()
    except Exception as error:  # noqa: BLE001 - one part's failure must not keep the others from stopping
        log.error("%s did not stop cleanly: %r", type(component).__name__, error)  # noqa: TRY400


def _limit_stop_time(ends: "SimpleQueue[Exception | None]") -> None:
    error = ends.get()
    time.sleep(_STOP_SECONDS)
    if error is not None:
        complain(str(error))
    os._exit(0 if error is None else EXIT_WRONG_SETTING)
