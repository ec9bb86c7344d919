"""``python -m deploy.bound_process PARENT PROGRAM …`` becomes PROGRAM, which ends with its parent.

Linux sends SIGINT to PROGRAM when its parent, the process PARENT, ends. SIGTERM is blocked, since a
service manager sends it to every process of a service, and the parent stops the broker last.

Mosquitto wakes every 0.1 s, even if it has nothing to do. Linux may delay its timers until another
one is due, which halves the CPU time of an idle Mosquitto. Messages still wake it at once.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_SLACK_NANOSECONDS = 400_000_000  # Mosquitto's own timers are in seconds


def main() -> None:
    """Replace this process with the program."""
    parent, *command = sys.argv[1:]
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGINT):
        raise OSError(ctypes.get_errno(), "prctl")
    library.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(_SLACK_NANOSECONDS))
    if os.getppid() != int(parent):
        return  # it has ended already
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    os.execv(command[0], command)  # noqa: S606 - the parent's choice


if __name__ == "__main__":
    main()
