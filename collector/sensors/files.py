"""Reads the small files of ``/proc`` and ``/sys``."""

import os
from contextlib import suppress
from pathlib import Path

_CHUNK_BYTES = 65_536


class KernelFile:
    """A file of ``/proc`` that is read at each tick.

    The file stays open, which saves two system calls at each tick. Not thread-safe.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet: ``path`` is opened when it is first read."""
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> bytes:
        """Return the current contents. Raises OSError."""
        if self._descriptor is not None:
            # In an LXC container, lxcfs serves the file. Once the contents outgrow the buffer that
            # lxcfs allocated when the file was opened, it returns nothing.
            with suppress(OSError):
                if contents := _contents(self._descriptor):
                    return contents
            self.close()
        self._descriptor = os.open(self._path, os.O_RDONLY)
        return _contents(self._descriptor)

    def close(self) -> None:
        """Close the file; the next ``read`` reopens it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def read_file(file: Path) -> bytes:
    """Return the contents of ``file``. Raises OSError.

    ``Path.read_bytes`` is not used because it makes twice as many system calls. During each call,
    Python may switch to another thread, which delays the reading.
    """
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return _contents(descriptor)
    finally:
        os.close(descriptor)


def _contents(descriptor: int) -> bytes:
    contents = chunk = os.pread(descriptor, _CHUNK_BYTES, 0)
    while chunk:  # the kernel may return one page at a time
        chunk = os.pread(descriptor, _CHUNK_BYTES, len(contents))
        contents += chunk
    return contents
