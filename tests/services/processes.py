"""Starts a real server for the tests, waits until it answers, and ends it by its pid."""

import itertools
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PORTS = range(16_000, 32_000)  # below the ephemeral ports: from 32,768 on, or higher
_turns = itertools.count(random.randrange(len(_PORTS)))  # noqa: S311 - apart from other processes
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1
_LOG_TAIL = 2000


def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing listens on at present.

    The system does not assign it to a connection before a server takes it, and it is not returned
    again soon: tests run in parallel, and a start may take seconds.
    """
    while True:
        port = _PORTS[next(_turns) % len(_PORTS)]
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Return as soon as ``condition`` holds. Raises TimeoutError, naming ``what``.

    A condition that takes long is checked less and less often, since each check costs time.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds:g} s")
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)


class ServerProcess:
    """One server as a child process, its output in ``log``."""

    def __init__(self, command: Sequence[str], log: Path, ready: Callable[[], bool]) -> None:
        """Remember how to start it; nothing runs before ``start``."""
        self._command = command
        self._log = log
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running server's process id. Raises RuntimeError if it is not running."""
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and return once it is ready. Raises RuntimeError with its output."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        self._process = process

        def ready_or_dead() -> bool:
            return process.poll() is not None or self._ready()

        try:
            wait_until(ready_or_dead, f"{self._command[0]} answers")
        except TimeoutError:
            self.kill()
            raise
        if process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-_LOG_TAIL:]
            raise RuntimeError(f"{' '.join(self._command)} ended at once:\n{tail}")

    def stop(self) -> None:
        """Ask the server to end, and kill it if it does not. Safe to call twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server without a chance to clean up. Safe to call twice."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
