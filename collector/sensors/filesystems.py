"""Reads how full the file systems of this machine are.

Only local file systems are read: the root, file systems on block devices, ZFS file systems, and
shared memory (``/dev/shm``), through which data loaders pass their batches. Local file systems
respond immediately, whereas a network file system hangs while its server is unreachable. A block
device mounted several times is read only once. Read-only file systems are skipped, because they
never fill up.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from collector.sensors.files import read_file
from collector.sensors.names import decoded, shown

MOST = 32  # file systems; a container host may have thousands of mounts
_MOUNTS_SECONDS = 30.0  # mounts change seldom
_LONGEST_NAME = 200
_ALWAYS = ("/", "/dev/shm")  # noqa: S108 - read, not written
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def parse_mounts(mountinfo: bytes) -> list[str]:
    """Return at most ``MOST`` mount points to read, shortest path first.

    The format: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
    """
    points: dict[str, str] = {}  # by source
    for point, source in sorted(_writable(mountinfo), key=lambda mount: len(mount[0])):
        points.setdefault(source, point)
    return list(points.values())[:MOST]


def _writable(mountinfo: bytes) -> Iterator[tuple[str, str]]:
    """Yield the mount point and source of each local, writable mount."""
    for line in mountinfo.splitlines():
        mount, _, rest = line.partition(b" - ")
        fields, more = mount.split(b" "), rest.split(b" ", 2)
        if len(fields) < 6 or len(more) < 3:  # noqa: PLR2004 - the fields that are read below
            continue
        kind, source, options = more
        point = decoded(_ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 255]), fields[4]))
        local = source.startswith(b"/dev/") or kind == b"zfs" or point in _ALWAYS
        writable = b"ro" not in (*fields[5].split(b","), *options.split(b","))
        if local and writable and len(point) <= _LONGEST_NAME and shown(point).isprintable():
            yield point, decoded(source) if source.startswith(b"/dev/") else point


class Filesystems:
    """Reads the used and total bytes of the mounted local file systems on Linux."""

    def __init__(self, proc: Path, clock: Callable[[], float]) -> None:
        """Read nothing yet; ``clock`` returns the monotonic time in seconds."""
        self._mountinfo = proc / "self" / "mountinfo"
        self._clock = clock
        self._points: list[str] = []
        self._due = float("-inf")

    def read(self) -> dict[str, dict[str, int]]:
        """Return each file system's used and total bytes, keyed by mount point.

        The total excludes the blocks reserved for root. So at 100%, only root can still
        write; `df` computes its percentage the same way. The result is empty on systems other
        than Linux.
        """
        now = self._clock()
        if now >= self._due:
            self._due = now + _MOUNTS_SECONDS
            try:
                self._points = parse_mounts(read_file(self._mountinfo))
            except OSError:  # not Linux
                self._points = []
        sizes = {}
        for point in self._points:
            try:
                found = os.statvfs(point)
            except OSError:  # unmounted meanwhile, or not accessible to this user
                continue
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            total = used + found.f_bavail * found.f_frsize
            if total > 0:
                sizes[shown(point)] = {"used": used, "total": total}
        return sizes
