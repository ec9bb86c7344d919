"""Tracks the processes of the command that ``run`` executes, in a separate thread."""

import os
import threading
import time
from collections.abc import Collection

from collector.runs.procfs import Process, ProcessTable
from collector.runs.tree import ProcessTree, TreeUsage

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0  # seconds: short at first, for short commands
_SHARE = 100  # a pause lasts at least this many times as long as taking a sample
_LAST_SECONDS = 1.0


class Sampler:
    """Samples the process ``pid`` and its descendants: often at first, then at most once a second.

    A separate thread takes the samples, because sampling can block, for instance while a process of
    the tree hangs in the kernel.
    """

    def __init__(self, pid: int) -> None:
        """Prepare to sample; sampling begins with ``start``.

        The process that runs this sampler must adopt each process of the tree whose parent ends,
        or the sampler might no longer find it.
        """
        self._pid = pid
        self._table = ProcessTable()
        self._tree: ProcessTree | None = None
        self._usage: TreeUsage | None = None
        self._processes: dict[int, Process] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="run-sampler", daemon=True)

    @property
    def processes(self) -> dict[int, Process]:
        """The processes of the tree, by id."""
        return self._processes

    @property
    def usage(self) -> TreeUsage | None:
        """The resources that the tree has used so far; None if nothing could be read."""
        return self._usage

    @property
    def pids(self) -> Collection[int]:
        """The ids of the tree's processes."""
        return self._processes.keys()

    def start(self) -> None:
        """Start sampling."""
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample, waiting at most a second for it, and stop."""
        self._stopping.set()
        self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        is_last = False
        while not is_last:
            is_last = self._stopping.is_set()
            began = time.monotonic()
            self._look()
            took = time.monotonic() - began
            self._stopping.wait(max(pause, _SHARE * took))
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    def _look(self) -> None:
        table, tree = self._table, self._tree
        table.update(tree.pids if tree else [self._pid])
        if tree is None:
            root = table.processes.get(self._pid)
            if root is None:
                return
            self._tree = tree = ProcessTree(root, foster=os.getpid())
        tree.update(table.processes, table.new)
        self._processes = {pid: table.processes[pid] for pid in tree.pids}
        self._usage = tree.usage()
