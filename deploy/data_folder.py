"""The data folder of the embedded history, locked for one writer at a time."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

from telemetry.errors import SettingsError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class DataFolder:
    """A folder that this process owns between ``start`` and ``stop``, or until it ends."""

    def __init__(self, path: Path) -> None:
        """Prepare; ``start`` creates and locks the folder."""
        self._path = path
        self._file: TextIO | None = None

    def start(self) -> None:
        """Create the folder and lock it.

        Raises SettingsError if another process owns it, or if a file is in its place. If it is not
        writable, the history reports that and the live view works without it.
        """
        with contextlib.suppress(OSError):
            self._path.mkdir(parents=True, exist_ok=True)
        _reject_file_in_its_place(self._path)
        with contextlib.suppress(OSError):
            self._file = (self._path / "lock").open("a+")
        if self._file is None:
            return
        try:
            _lock(self._file.fileno())
        except (BlockingIOError, PermissionError):
            self._file.seek(0)
            owner = self._file.read().strip()
            self.stop()
            raise SettingsError(
                f"data_dir={self._path} is in use by another System Monitor (process {owner}): "
                "stop that one, or use another folder with --data-dir."
            ) from None
        except OSError:
            return  # a file system without locks
        with contextlib.suppress(OSError):  # a full disk; the lock works without the number
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()

    def stop(self) -> None:
        """Release the folder. Safe to call twice, and before ``start``."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # a full disk: the number cannot be flushed
                file.close()


def _reject_file_in_its_place(path: Path) -> None:
    with contextlib.suppress(OSError):
        for each in (path, *path.parents):
            if each.exists() and not each.is_dir():
                raise SettingsError(
                    f"data_dir={path} is not valid: {each} is a file, not a folder."
                )
