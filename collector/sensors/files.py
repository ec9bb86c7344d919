"""Reads the small files of ``/proc`` and ``/sys``."""

import os
from pathlib import Path

_CHUNK_BYTES = 65_536


def read_file(file: Path) -> bytes:
    """Return the contents of ``file``. Raises OSError.

    ``Path.read_bytes`` is not used because it makes twice as many system calls. During each call,
    Python may switch to another thread, which delays the reading.
    """
    descriptor = os.open(file, os.O_RDONLY)
    try:
        contents = chunk = os.read(descriptor, _CHUNK_BYTES)
        while chunk:  # the kernel may return one page at a time
            chunk = os.read(descriptor, _CHUNK_BYTES)
            contents += chunk
    finally:
        os.close(descriptor)
    return contents
