"""Reads the kernel's counters of swapping and out-of-memory kills."""

from collector.sensors.files import KernelFile

_COUNTERS = (b"pswpin", b"pswpout", b"oom_kill")


def parse_vmstat(text: bytes) -> dict[str, int]:
    """Return ``pswpin``, ``pswpout`` (pages) and ``oom_kill`` (processes), all since boot.

    ``oom_kill`` counts all out-of-memory kills on the machine, including those due to a cgroup's
    limit. The counters: https://man7.org/linux/man-pages/man5/proc_vmstat.5.html
    """
    found = {}
    for name in _COUNTERS:  # one regular expression would take longer than reading the file
        _, there, rest = text.partition(b"\n%b " % name)
        if there:
            found[name.decode()] = int(rest.partition(b"\n")[0])
    return found


def read_vmstat(file: KernelFile) -> dict[str, int]:
    """Return the counters in ``file``, or an empty dictionary if ``file`` cannot be read."""
    try:
        return parse_vmstat(file.read())
    except OSError:  # not Linux, or a sandbox
        return {}
