"""A small memory limit for the processes of one test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.services.processes import wait_until

_VERSION_1 = Path("/sys/fs/cgroup/memory")
_VERSION_2 = Path("/sys/fs/cgroup")
_NAMES = {_VERSION_1: "memory.limit_in_bytes", _VERSION_2: "memory.max"}


@contextmanager
def memory_limit(limit: int) -> Iterator[tuple[str, ...]]:
    """Create a cgroup with ``limit`` bytes; yield the start of a command that runs in it.

    Skip the test if this process may not create one.
    """
    parent = _VERSION_1 if (_VERSION_1 / _NAMES[_VERSION_1]).exists() else _VERSION_2
    folder = parent / f"system-monitor-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / _NAMES[parent]).write_text(str(limit))
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no cgroup with a memory limit can be created here: {error}")
    try:
        yield "sh", "-c", f'echo $$ > {folder}/cgroup.procs && exec "$0" "$@"'
    finally:
        wait_until(lambda: not (folder / "cgroup.procs").read_text(), "its processes have ended")
        folder.rmdir()
