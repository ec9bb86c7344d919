"""Writes output for the user.

It is not an error if a reader such as ``head`` closes the pipe. Control characters are escaped,
because a device name or a message from the broker may contain terminal control sequences.
"""

import errno
import io
import os
import shutil
import sys
from typing import TextIO

from telemetry.printable import printable

_CLOSED_BY_READER = (errno.EPIPE, errno.EINVAL)  # Windows reports EINVAL
_lost: list[OSError] = []


def prepare() -> None:
    """Make any text printable: characters that the terminal's encoding lacks are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> bool:
    """Write lines to standard output and flush them; return whether that succeeded."""
    return _write(sys.stdout, "\n".join(map(printable, text.split("\n"))))


def complain(sentence: str) -> None:
    """Write an error message to standard error."""
    _write(sys.stderr, f"system-monitor: {printable(sentence)}")


def note(text: str) -> None:
    """Write a note, which is neither output nor an error, to standard error."""
    _write(sys.stderr, "\n".join(map(printable, text.split("\n"))))


def show_progress(text: str) -> None:
    """Replace the previous progress text with ``text``, if standard error is a terminal.

    The cursor is left at the beginning of the text, so that the next log line overwrites it.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        _write(sys.stderr, f"\r{printable(text)[:width]}\x1b[K\r", end="")


def flush() -> None:
    """Flush all output, including that of libraries, so that no write can fail at exit."""
    for stream in (sys.stdout, sys.stderr):
        _write(stream, None)


def output_was_lost() -> bool:
    """Return whether output was lost because of an error, which has already been reported."""
    return bool(_lost)


def _write(stream: TextIO | None, text: str | None, end: str = "\n") -> bool:
    if stream is None:  # it was closed before the program started
        return False
    try:
        if text is not None:
            stream.write(f"{text}{end}")
        stream.flush()
        return True  # noqa: TRY300 - an else would be further away
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if stream is sys.stdout and error.errno not in _CLOSED_BY_READER:
            _lost.append(error)
            complain(
                f"Cannot write to standard output ({error.strerror}): the output is incomplete."
            )
        return False
