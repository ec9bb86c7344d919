"""``python -m deploy.bound_process PARENT PROGRAM …`` becomes PROGRAM, which ends with its parent.

Linux sends SIGINT to PROGRAM when its parent, the process PARENT, ends. SIGTERM is blocked, since a
service manager sends it to every process of a service, and the parent stops the broker last.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process with the program."""
    parent, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != int(parent):
        return  # it has ended already
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    os.execv(command[0], command)  # noqa: S606 - the parent's choice


if __name__ == "__main__":
    main()
