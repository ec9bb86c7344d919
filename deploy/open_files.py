"""How many files and sockets this process may have open."""

import contextlib
import sys

_ENOUGH = 8192


def allow_many() -> None:
    """Raise the limit as far as the system lets us: shells begin with 1024, hardly a client each.

    Child processes inherit it.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
