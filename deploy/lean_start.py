"""Restarts the program in the same process, with settings that have already been checked.

The libraries that check the settings and the command line take 9 MiB of memory. A role that no
longer needs these libraries can free the memory only by restarting.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

from deploy.lifecycle import STOP_SIGNALS
from telemetry.settings import Settings

_VARIABLE = "SYSTEM_MONITOR_CHECKED_SETTINGS"  # the number of a file descriptor
_NAME = "system-monitor-settings"
_LAST_STREAM = 2  # a closed standard stream leaves its number free for the file


class Start(NamedTuple):
    """What to start: a role, its checked settings, and its own arguments."""

    role: str
    settings: Settings
    own: dict[str, Any]


def replace_process(start: Start) -> None:
    """Restart the program and pass it ``start``; return if the restart fails.

    The settings contain secrets, so they are passed on in a file that exists only in memory. Such
    files exist only on Linux; elsewhere, this function does nothing. Stop signals are blocked until
    the restarted program can handle them.
    """
    if not hasattr(os, "memfd_create") or not sys.executable or sys.argv[0] in ("-c", "-"):
        return
    import pickle  # noqa: PLC0415 - takes some milliseconds, and no other command needs it

    try:
        with os.fdopen(os.memfd_create(_NAME, 0), "wb") as file:
            descriptor = file.fileno()
            if descriptor <= _LAST_STREAM or not _is_in_memory(str(descriptor)):
                return
            file.write(pickle.dumps(start))
            file.seek(0)
            os.environ[_VARIABLE] = str(descriptor)
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself
    except OSError:
        os.environ.pop(_VARIABLE, None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def received() -> Start | None:
    """Return what ``replace_process`` passed on; None if the program was not restarted."""
    descriptor = os.environ.pop(_VARIABLE, None)
    if descriptor is None:
        return None
    if hasattr(signal, "pthread_sigmask"):  # not on Windows, where somebody has set the variable
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    if not _is_in_memory(descriptor):
        return None
    import pickle  # noqa: PLC0415 - as above

    with os.fdopen(int(descriptor), "rb") as file:
        start: Start = pickle.load(file)  # noqa: S301 - this program has written it
    return start


def _is_in_memory(descriptor: str) -> bool:
    """Return whether ``descriptor`` is our file in memory, and not a value that a user has set."""
    try:
        target = Path(f"/proc/self/fd/{int(descriptor)}").readlink()
    except (OSError, ValueError):
        return False
    return str(target).startswith(f"/memfd:{_NAME}")
