"""Runs a program for a limited time, with JSON on its standard input."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from telemetry.errors import SystemMonitorError
from telemetry.settings.sources import ENVIRONMENT_PREFIX


class NoticeError(SystemMonitorError):
    """A notice was not delivered; the message gives the reason, as a clause."""


class Program:
    """A program that is started without a shell, once for each delivery.

    The program inherits the environment except for the settings of System Monitor, some of which
    are secrets. Its standard error is discarded. If it exceeds the time limit, it is killed.
    Except on Windows, the processes that it started are killed too.
    """

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        """``seconds`` limits each run of ``command``."""
        self._command = command
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, content: Mapping[str, object], *, answers: bool = False) -> bytes:
        """Run the program with ``content`` as JSON on its standard input.

        Returns the program's output if ``answers`` is true, else ``b""``. Raises NoticeError
        if the program cannot be started, takes too long or fails, or if ``stop`` was called.
        """
        process = self._started(subprocess.PIPE if answers else subprocess.DEVNULL)
        try:
            with process:  # closes the pipes and waits for the process at the end
                try:
                    answer, _ = process.communicate(json.dumps(content).encode(), self._seconds)
                finally:
                    _kill(process)
        except subprocess.TimeoutExpired:
            raise NoticeError(
                f"the program did not end within {self._seconds:g} s and was killed"
            ) from None
        finally:
            self._process = None
        if process.returncode:
            raise NoticeError(_ending(process.returncode))
        return answer or b""

    def stop(self) -> None:
        """Kill the program if it is running, and prevent further starts."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            _kill(process)

    def _started(self, output: int) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopped:
                raise NoticeError("System Monitor is stopping")
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the user's choice, without a shell
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,
                )
            except OSError as error:
                raise NoticeError(f"the program cannot be started ({error.strerror})") from None
            return self._process


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(ENVIRONMENT_PREFIX)
    }


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process and, except on Windows, the processes that it started."""
    if process.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    if code > 0:
        return f"the program ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"{signal.Signals(-code).name} ended the program"
    return f"signal {-code} ended the program"
