"""Finds the memory limit that applies to a container, a service or a batch job.

A cgroup is subject to its own limit and to the limits of all its ancestors. If one of these limits
is below the machine's RAM, a job that reaches it is killed even if the machine still has free
memory. Both versions of cgroups are supported:
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from collector.sensors.files import read_file
from collector.sensors.names import decoded


class CgroupFiles(NamedTuple):
    """The names of two files in a cgroup's folder, and of a field in its ``memory.stat``.

    ``reclaimable`` is the field with the size of the page cache that has not been used recently.
    The kernel reclaims this cache before it kills a process, so it does not count as used here, in
    kubelet or in `docker stats`.
    """

    limit: str
    usage: str
    reclaimable: bytes


VERSION_2 = CgroupFiles("memory.max", "memory.current", b"inactive_file")
VERSION_1 = CgroupFiles("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file")
_INHERITED_LIMIT = b"hierarchical_memory_limit"  # version 1: the lowest, including ancestors


class CgroupMemory(NamedTuple):
    """A memory limit in bytes, and the folder of the cgroup that it applies to."""

    limit: int
    folder: Path
    files: CgroupFiles

    def used(self) -> int | None:
        """Return the bytes in use, excluding reclaimable cache; None if the cgroup is gone."""
        try:
            usage = int(read_file(self.folder / self.files.usage))
            statistics = read_file(self.folder / "memory.stat")
        except OSError:
            return None
        return max(0, usage - (stat_field(statistics, self.files.reclaimable) or 0))


def stat_field(statistics: bytes, name: bytes) -> int | None:
    """Return the value of a field in a ``memory.stat`` file; None if it is missing."""
    match = re.search(rb"^%b (\d+)$" % re.escape(name), statistics, re.MULTILINE)
    return int(match[1]) if match else None


def memory_cgroup(cgroup: str, mountinfo: str) -> tuple[Path, Path, CgroupFiles] | None:
    """Return (folder, mount point of the hierarchy, file names) of a process's memory cgroup.

    ``cgroup`` is the content of ``/proc/PID/cgroup``, and ``mountinfo`` is the content of
    ``/proc/self/mountinfo``. In a container, ``cgroup`` may contain the path on the host although
    only the container's part of the cgroup tree is mounted; the folder is then the mount point.
    Return None if the hierarchy of the memory cgroup is not mounted.
    """
    paths = {}  # by controller; version 2 has one hierarchy for all controllers, named ""
    for line in filter(None, cgroup.split("\n")):  # a path may contain other line separators
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    controller, files = ("memory", VERSION_1) if "memory" in paths else ("", VERSION_2)
    for root, mount in _mounts(mountinfo, controller):
        try:
            below = PurePosixPath(paths.get(controller, "/")).relative_to(root)
        except ValueError:
            below = PurePosixPath()
        folder = mount / below
        return (folder if ".." not in below.parts and folder.is_dir() else mount), mount, files
    return None


def _mounts(mountinfo: str, controller: str) -> Iterator[tuple[str, Path]]:
    """Yield (root, mount point) for each mount of the hierarchy with ``controller``.

    An empty ``controller`` stands for the cgroup v2 hierarchy.
    The format: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
    """
    for line in filter(None, mountinfo.split("\n")):
        mount, _, source = line.partition(" - ")
        kind, _, options = source.split(" ", 2)
        if kind == ("cgroup" if controller else "cgroup2") and (
            not controller or controller in options.split(",")
        ):
            _, _, _, root, mount_point, *_ = mount.split(" ")
            yield root, Path(mount_point)


def find_limit(proc: Path, ram: int, process: str = "self") -> CgroupMemory | None:
    """Return the lowest memory limit below ``ram`` bytes that applies to ``process``, if any.

    If several cgroups share the lowest limit, the outermost is returned, because the most memory
    is charged to it.
    """
    try:
        found = memory_cgroup(
            decoded((proc / process / "cgroup").read_bytes()),
            decoded((proc / "self" / "mountinfo").read_bytes()),
        )
    except OSError:  # not Linux, or no cgroups
        return None
    if found is None:
        return None
    own, mount, files = found
    limits = [CgroupMemory(limit, folder, files) for folder, limit in _limits(own, mount, files)]
    lowest = min(reversed(limits), key=lambda each: each.limit, default=None)
    return lowest if lowest is not None and lowest.limit < ram else None


def _limits(own: Path, mount: Path, files: CgroupFiles) -> Iterator[tuple[Path, int]]:
    """Yield (folder, limit) for each limit of ``own`` and its ancestors up to ``mount``."""
    for folder in (own, *own.parents):
        yield from ((folder, limit) for limit in _limits_in(folder, files))
        if folder == mount:
            return


def _limits_in(folder: Path, files: CgroupFiles) -> Iterator[int]:
    try:
        limit = (folder / files.limit).read_text().strip()
        statistics = (folder / "memory.stat").read_bytes()
    except OSError:  # the root of version 2 has no limit
        return
    if limit.isdigit():  # "max" means that there is no limit
        yield int(limit)
    inherited = stat_field(statistics, _INHERITED_LIMIT)  # also of ancestors that are not mounted
    if inherited is not None:
        yield inherited
