"""Output for the user. A reader that has closed the pipe, such as ``head``, is not an error.

Names of devices, and texts from the bus, may contain control sequences for a terminal.
"""

import errno
import io
import os
import re
import sys
from typing import TextIO

_CLOSED_BY_READER = (errno.EPIPE, errno.EINVAL)  # the second on Windows
# C0, DEL, C1, the line separators and the marks that reorder text.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_lost: list[OSError] = []


def printable(text: str) -> str:
    r"""Return ``text`` on one line, with each control character escaped as in JSON: ``\u001b``."""
    return _CONTROLS.sub(lambda control: f"\\u{ord(control[0]):04x}", text)


def prepare() -> None:
    """Print any text, escaping the characters that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> bool:
    """Write lines to standard output and flush them; return whether that succeeded."""
    return _write(sys.stdout, "\n".join(map(printable, text.split("\n"))))


def complain(sentence: str) -> None:
    """Write an error message to standard error."""
    _write(sys.stderr, f"system-monitor: {printable(sentence)}")


def tell(text: str) -> None:
    """Write lines for the user to standard error, where they do not mix with a command's output."""
    _write(sys.stderr, "\n".join(map(printable, text.split("\n"))))


def flush() -> None:
    """Flush what libraries have printed, so that no buffered output can fail at exit."""
    for stream in (sys.stdout, sys.stderr):
        _write(stream, None)


def output_was_lost() -> bool:
    """Return whether standard output could not be written; if so, it has been reported."""
    return bool(_lost)


def _write(stream: TextIO | None, text: str | None) -> bool:
    if stream is None:  # it was closed before the program started
        return False
    try:
        if text is not None:
            stream.write(f"{text}\n")
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
