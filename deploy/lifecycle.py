"""Starts parts in order, waits for a signal, and stops them in reverse order."""

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Protocol

from deploy.console import complain

log = logging.getLogger(__name__)

EXIT_FAILED = 1  # systemd starts the service again
EXIT_WRONG_SETTING = 2
# Windows has no SIGHUP.
STOP_SIGNALS = [each for each in signal.Signals if each.name in ("SIGINT", "SIGTERM", "SIGHUP")]
_STOP_SECONDS = 1.8  # a user who presses Ctrl-C waits at most 2 s


class Component(Protocol):
    """A part of the pipeline; idle until ``start``."""

    def start(self) -> None:
        """Start the part. Raises SettingsError if a setting prevents this."""

    def stop(self) -> None:
        """Stop. Safe to call twice."""


def end_on_signal(code: int = 0) -> None:
    """Let stop signals end the process at once with exit code ``code``, without stopping parts."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os._exit(code)

    _handle_signals(end)


def set_on_signal(stopping: threading.Event) -> None:
    """Let a signal set ``stopping``, which the main thread waits for."""
    _handle_signals(lambda _signal, _frame: stopping.set())


def run_until_signal(components: Iterable[Component], announce: Callable[[], None]) -> int:
    """Run ``components`` until SIGINT, SIGTERM, or SIGHUP; return the exit code.

    Once all components have started, ``announce`` runs in its own thread. If a component fails to
    start, those that have started are stopped, and the error is raised. Stopping takes at most two
    seconds: if a part hangs, the process ends without waiting for it.

    If an unexpected error ends a thread, everything is stopped, and the exit code is 1. If the
    process continued, the part that lost its thread would look healthy but do nothing.
    """
    stopping, dead = threading.Event(), threading.Event()
    with _signals() as signals, ExitStack() as started:
        threading.excepthook = lambda death: _stop_after(death, stopping, dead)
        _in_background("signals", _on_first_signal, signals, stopping)
        try:
            for component in components:
                if stopping.is_set():
                    break
                component.start()
                started.callback(_stop, component)
            else:
                # Exempt the objects loaded so far from garbage collection: visiting them, too,
                # would take 0.1 s each time.
                gc.freeze()
                _in_background("announcement", announce)
            stopping.wait()
        except Exception as error:
            _in_background("limit", _limit_stop_time, EXIT_WRONG_SETTING, str(error))
            raise
    return EXIT_FAILED if dead.is_set() else 0


def _stop_after(
    death: threading.ExceptHookArgs, stopping: threading.Event, dead: threading.Event
) -> None:
    name = death.thread.name if death.thread else "?"
    log.error(
        "The thread %r ended because of an unexpected error (%r): System Monitor is stopping. "
        "Start it again, and report this error.",
        name,
        death.exc_value,
    )
    log.debug("Traceback of the thread", exc_info=death.exc_value)
    if not stopping.is_set():
        dead.set()
        stopping.set()
        _in_background("limit", _limit_stop_time, EXIT_FAILED)


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Yield a socket that receives a byte for each signal.

    A thread that reads the socket notices a signal immediately. A signal handler could run too
    late: Python runs it only after the main thread's system call returns, and a signal that arrives
    just before the call does not interrupt it.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.settimeout(0)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        _handle_signals(lambda _signal, _frame: None)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(-1)


def _on_first_signal(signals: socket.socket, stopping: threading.Event) -> None:
    with suppress(OSError):  # closed, because everything has stopped without a signal
        if signals.recv(1):
            stopping.set()
            _limit_stop_time(0)


def _in_background(name: str, target: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, name=name, daemon=True).start()


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in STOP_SIGNALS:
        if number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup makes the process ignore SIGHUP
        signal.signal(number, handler)


def _stop(component: Component) -> None:
    try:
        component.stop()
    except Exception as error:  # noqa: BLE001 - one part's failure must not keep the others from stopping
        log.error("%s did not stop cleanly: %r", type(component).__name__, error)  # noqa: TRY400


def _limit_stop_time(code: int, sentence: str | None = None) -> None:
    time.sleep(_STOP_SECONDS)
    if sentence is not None:
        complain(sentence)
    os._exit(code)
