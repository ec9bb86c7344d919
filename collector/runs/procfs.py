"""Reads the processes of a Linux machine from ``/proc``.

The ``parse_…`` functions do no I/O. The files and their fields:
https://docs.kernel.org/filesystems/proc.html
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_ENOUGH = 4096
# Each process is read again after this time, because its id may now belong to a new process. Linux
# assigns ids in ascending order, so it takes long until an id is used again.
_REFRESH_SECONDS = 30.0


class Usage(NamedTuple):
    """A process's memory and storage traffic, in bytes.

    ``peak`` is the process's largest RSS. ``read`` and ``written`` are the amounts read from
    storage and written to it. Both include the children that the process has waited for.
    ``private`` is the process's anonymous memory, in RAM or in swap: memory that is neither shared
    nor backed by a file, so it stays in use until the process releases it or ends. A value that
    cannot be read is None.
    """

    peak: int | None = None
    read: int | None = None
    written: int | None = None
    private: int | None = None


class Process(NamedTuple):
    """One process, identified by ``pid`` and ``started``.

    ``started`` is in clock ticks since boot. ``cpu`` is the CPU time of the process in clock ticks,
    and ``waited`` is that of the children that it has waited for. ``rss`` is in bytes.
    ``over`` is true if the process has ended but has not been reaped.
    """

    pid: int
    parent: int
    group: int
    session: int
    started: int
    cpu: int
    waited: int
    rss: int
    over: bool
    usage: Usage = Usage()


def parse_stat(text: bytes) -> Process:
    """Parse ``text``, the contents of ``/proc/PID/stat``.

    Raises ValueError or IndexError if ``text`` is empty or incomplete.
    """
    start, _, rest = text.rpartition(b") ")  # the process's name may contain anything
    fields = rest.split()
    user, system, waited_user, waited_system = map(int, fields[11:15])
    return Process(
        pid=int(start.split(b" ", 1)[0]),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
        cpu=user + system,
        waited=waited_user + waited_system,
        rss=int(fields[21]) * PAGE,
        over=fields[0] in (b"Z", b"X", b"x"),
    )


def parse_named(text: bytes) -> Mapping[bytes, int]:
    """Return the numbers on lines such as ``VmHWM:  1024 kB``, keyed by name."""
    found: dict[bytes, int] = {}
    for line in text.splitlines():
        name, _, value = line.partition(b":")
        number = value.split()[:1]
        if number and number[0].isdigit():
            found[name] = int(number[0])
    return found


class ProcessTable:
    """All processes of this machine, read as rarely as possible.

    ``processes`` maps ids to the processes that the latest ``update`` found. Each ``update`` lists
    the ids of all processes, but reads only new processes and those that the caller names.
    Every 30 s, ``update`` reads all processes again. ``new`` contains the processes that the latest
    ``update`` added, or all processes if it read all of them again.
    """

    def __init__(
        self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet; ``clock`` returns monotonic seconds."""
        self.processes: dict[int, Process] = {}
        self.new: Collection[Process] = ()
        self._proc = proc
        self._clock = clock
        self._refresh_at = float("-inf")

    def update(self, followed: Iterable[int]) -> None:
        """Update ``processes`` and ``new``; ``followed`` holds the ids of processes to reread."""
        before, again = self.processes, set(followed)
        now = self._clock()
        if now >= self._refresh_at:
            self._refresh_at, before = now + _REFRESH_SECONDS, {}
        self.processes, new = {}, []
        for pid in self._listed():
            known = before.get(pid)
            if known is not None and pid not in again:
                self.processes[pid] = known
                continue
            process = self.read(pid, usage=pid in again)
            if process is not None:
                self.processes[pid] = process
                if known is None or known.started != process.started:
                    new.append(process)
        self.new = new

    def read(self, pid: int, *, usage: bool = False) -> Process | None:
        """Return the process ``pid`` as it is now; None if it does not exist."""
        content = self._content(pid, "stat")
        try:
            process = parse_stat(content)
        except (ValueError, IndexError):  # it has just ended
            return None
        return process._replace(usage=self._usage(pid)) if usage else process

    def arguments(self, pid: int) -> list[str]:
        """Return the arguments of the process, beginning with its program; empty if unknown."""
        content = self._content(pid, "cmdline").removesuffix(b"\0")
        return [each.decode(errors="replace") for each in content.split(b"\0")] if content else []

    def boot(self) -> str:
        """Return the id of this boot; empty if it cannot be read."""
        try:
            return (self._proc / "sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""

    def owner(self, pid: int) -> int | None:
        """Return the id of the user who owns the process; None if unknown."""
        try:
            return (self._proc / str(pid)).stat().st_uid
        except OSError:
            return None

    def _usage(self, pid: int) -> Usage:
        status = parse_named(self._content(pid, "status"))
        peak, private = status.get(b"VmHWM"), status.get(b"RssAnon")
        traffic = parse_named(self._content(pid, "io"))
        return Usage(
            None if peak is None else peak * 1024,
            traffic.get(b"read_bytes"),
            traffic.get(b"write_bytes"),
            None if private is None else (private + status.get(b"VmSwap", 0)) * 1024,
        )

    def _listed(self) -> list[int]:
        try:
            return [int(name) for name in os.listdir(self._proc) if name.isdecimal()]  # noqa: PTH208 - ten times as fast
        except OSError:
            return []

    def _content(self, pid: int, name: str) -> bytes:
        """Return the first 4 KiB of the process's file ``name``; empty if it cannot be read."""
        try:
            file = os.open(f"{self._proc}/{pid}/{name}", os.O_RDONLY)
        except OSError:
            return b""
        try:
            return os.read(file, _ENOUGH)
        except OSError:
            return b""
        finally:
            os.close(file)
