"""The command ``system-monitor record``."""

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from deploy.broker_access import subscribed
from deploy.console import complain, note, show_progress
from deploy.lifecycle import set_on_signal
from deploy.recorder import Recorder
from telemetry.errors import SystemMonitorError
from telemetry.printable import printable
from telemetry.private_files import create_file
from telemetry.settings import Settings

_FAILED = 1
_STANDARD_OUTPUT = 1
_MEGABYTE = 1_000_000
_PROGRESS_SECONDS = 0.5


def run(settings: Settings, output: str | None) -> int:
    """Record to ``output`` or standard output until a signal arrives; return 1 on failure."""
    stopping = threading.Event()
    set_on_signal(stopping)
    try:
        with _opened(output) as stream:
            return _record(settings, output, stream, stopping)
    except OSError as error:
        complain(_failure(output, error))
    except SystemMonitorError as error:
        complain(str(error))
    return _FAILED


def _record(
    settings: Settings, output: str | None, stream: BinaryIO, stopping: threading.Event
) -> int:
    on_terminal = stream.isatty()

    def write(line: bytes) -> None:
        stream.write(_displayed(line) if on_terminal else line)
        stream.flush()

    recorder = Recorder(settings.broker, settings.topics, write, stopping)
    began = time.monotonic()
    with subscribed(recorder.bus):
        while not stopping.wait(_PROGRESS_SECONDS):
            if not on_terminal:
                show_progress(f"{_summary(recorder, began)}; Ctrl-C ends the recording.")
    show_progress("")
    failure = recorder.failure
    if failure is not None and not (output is None and failure.errno == errno.EPIPE):
        complain(_failure(output, failure))
        return _FAILED
    note(f"Recorded {_summary(recorder, began)}.{_losses(recorder)}")
    return 0


def _displayed(line: bytes) -> bytes:
    """Return ``line`` with its control characters escaped, so that none affects the terminal."""
    text = line.removesuffix(b"\n").decode(errors="replace")
    return f"{printable(text)}\n".encode()


def _failure(output: str | None, error: OSError) -> str:
    return f"Cannot write {output or 'to standard output'}: {error.strerror}."


def _summary(recorder: Recorder, began: float) -> str:
    number, size = recorder.messages, recorder.size
    amount = f"{size / 1e6:,.1f} MB" if size >= _MEGABYTE else f"{size / 1e3:.1f} kB"
    seconds = time.monotonic() - began
    return f"{number:,} message{'s' * (number != 1)} ({amount}) in {seconds:.0f} s"


def _losses(recorder: Recorder) -> str:
    lost = recorder.bus.reconnects
    if not lost:
        return ""
    times = "once" if lost == 1 else f"{lost} times"
    return f" The connection was lost {times}: messages published in the meantime are missing."


@contextmanager
def _opened(output: str | None) -> Iterator[BinaryIO]:
    """Yield ``output`` opened for appending, or standard output if it is None. Raises OSError."""
    if output is None:
        stream: BinaryIO = os.fdopen(os.dup(_STANDARD_OUTPUT), "wb")
    else:
        path = Path(output)
        create_file(path)  # not readable by others: it shows who runs which commands
        stream = path.open("ab")
        _end_last_line(path, stream)
    try:
        yield stream
    finally:
        with suppress(OSError):  # a failed write has already been reported
            stream.close()


def _end_last_line(path: Path, stream: BinaryIO) -> None:
    """Append a newline if a killed recorder left the last line of the file incomplete."""
    if not stat.S_ISREG(path.stat().st_mode) or not path.stat().st_size:
        return
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            stream.write(b"\n")
