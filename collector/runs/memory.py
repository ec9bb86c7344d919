"""Reads the anonymous memory of each run's processes, and their cgroup's limit and usage."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from collector.runs.followed import Followed
from collector.runs.procfs import PAGE
from collector.runs.record import Run
from collector.runs.summary import Row
from collector.sensors.cgroup import CgroupMemory, find_limit

_MOST = 64  # runs in a sample
_LIMIT_SECONDS = 30.0  # limits change seldom
_RAM = os.sysconf("SC_PHYS_PAGES") * PAGE if hasattr(os, "sysconf") else 0


class RunMemory:
    """Reads the memory of runs; caches the limits of their cgroups, which seldom change."""

    def __init__(
        self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` returns monotonic seconds."""
        self._proc = proc
        self._clock = clock
        self._limits: dict[str, tuple[float, CgroupMemory | None]] = {}

    def rows(self, runs: Iterable[Followed]) -> Sequence[Row]:
        """Return one row for each run that has not ended and whose memory can be read.

        The run that holds the most memory comes first. At most 64 rows are returned.
        ``telemetry.catalogue`` describes the fields of a row.
        """
        rows, known = [], self._limits
        self._limits = {}
        for each in runs:
            held = None if each.tree is None else each.tree.private()
            if each.tree is None or held is None or each.ended is not None:
                continue
            run = each.run
            found, limit = known.get(run.id, (0.0, None))
            if run.id not in known or self._clock() - found >= _LIMIT_SECONDS:
                found = self._clock()
                limit = find_limit(self._proc, _RAM, str(next(iter(each.tree.pids))))
            self._limits[run.id] = found, limit
            rows.append(_row(run, held, each.tree.usage().read_bytes, limit))
        return sorted(rows, key=lambda row: -row["ram_used"])[:_MOST]


def _row(run: Run, held: int, read: int | None, limit: CgroupMemory | None) -> dict[str, Any]:
    return {
        "run": run.id,
        "name": run.name,
        "pid": run.pid,
        "started": run.started,
        "ram_used": held,
        "read_bytes": read,
        "cgroup_limit": limit and limit.limit,
        "cgroup_used": limit and limit.used(),
    }
