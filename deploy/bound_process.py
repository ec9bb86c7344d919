"""Replaces this process with a broker program that ends when its parent process ends.

The command is ``python -m deploy.bound_process PARENT SLACK PROGRAM …``. PARENT is the parent's
process id: when the parent ends, Linux sends SIGINT to PROGRAM. SIGTERM is blocked: a service
manager sends it to all processes of a service at once, but the broker must keep running until the
parent has stopped all other parts.

Linux may delay the timers of PROGRAM by up to SLACK nanoseconds, so that PROGRAM wakes up less
often. If SLACK is 0, the default of 50,000 ns applies.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29


def main() -> None:
    """Replace this process with the program."""
    parent, slack, *command = sys.argv[1:]
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGINT):
        raise OSError(ctypes.get_errno(), "prctl")
    library.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(int(slack)))
    if os.getppid() != int(parent):
        return  # it has ended already
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    os.execv(command[0], command)  # noqa: S606 - the parent's choice


if __name__ == "__main__":
    main()
