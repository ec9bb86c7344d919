"""Limits the memory of the embedded broker's process.

Neither rumqttd nor Mosquitto can limit the number of retained messages. So the kernel limits the
memory of the process instead, which works only on Linux. At the limit, rumqttd aborts, and
Mosquitto rejects messages and clients.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

# A queue of 256 MB at Mosquitto and a few full logs of rumqttd fit.
LIMIT_BYTES = 512_000_000
ABORTED = -signal.SIGABRT  # the exit code of a program that aborts, as rumqttd without memory does
_FULL = 0.9
_DATA_FIELD = 5  # of /proc/PID/statm: what RLIMIT_DATA limits, in pages


def limit(process_id: int) -> None:
    """Limit the memory of a process on Linux; elsewhere, do nothing."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - Unix only

        with contextlib.suppress(OSError):  # it has ended already, or has a lower limit
            resource.prlimit(process_id, resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))


def is_exhausted(process_id: int) -> bool:
    """Return whether a process uses more than 90% of its memory limit."""
    try:
        pages = int(
            Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[_DATA_FIELD]
        )
    except OSError:
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > _FULL * LIMIT_BYTES
