"""Raises the limit on open files and sockets."""

import contextlib
import sys

_ENOUGH = 8192


def allow_many() -> None:
    """Raise the limit on open files to 8192, or to the hard limit if that is lower.

    In a shell, the limit is usually 1024, and each client needs a socket. Child processes inherit
    the limit.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
