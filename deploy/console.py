"""What is said to the user. That nobody listens any more is no reason to fail."""

import io
import os
import sys
from typing import TextIO


def prepare() -> None:
    """Let names of any bytes be printed, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Write a line to standard output, at once."""
    _write(sys.stdout, text)


def complain(sentence: str) -> None:
    """Write what is wrong to standard error."""
    _write(sys.stderr, f"system-monitor: {sentence}")


def flush() -> None:
    """Write what libraries have printed, so that the end has nothing left to write, or fail at."""
    for stream in (sys.stdout, sys.stderr):
        _write(stream, None)


def _write(stream: TextIO | None, text: str | None) -> None:
    if stream is None:  # it was closed before we were started
        return
    try:
        if text is not None:
            stream.write(f"{text}\n")
        stream.flush()
    except OSError:  # the reader has gone, as that of a pipe into `head` does
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
