"""The folder of the embedded history, for one writer at a time."""

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
    """Belongs to this process between ``start`` and ``stop``, or until its end."""

    def __init__(self, path: Path) -> None:
        """Do nothing yet."""
        self._path = path
        self._file: TextIO | None = None

    def start(self) -> None:
        """Create the folder and take it.

        Raises SettingsError where another process has it, or where it cannot be a folder. Where it
        cannot be written, the history says why; the live view goes on without it.
        """
        with contextlib.suppress(OSError):
            self._path.mkdir(parents=True, exist_ok=True)
        _require_no_file_in_the_way(self._path)
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
                "stop that one, or choose another folder with --data-dir."
            ) from None
        except OSError:
            return  # a file system without locks
        with contextlib.suppress(OSError):  # a full disk; the lock holds without the number
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()

    def stop(self) -> None:
        """Leave the folder to others. Safe to call twice, and before ``start``."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what a full disk has not taken
                file.close()


def _require_no_file_in_the_way(path: Path) -> None:
    with contextlib.suppress(OSError):
        for each in (path, *path.parents):
            if each.exists() and not each.is_dir():
                raise SettingsError(
                    f"data_dir={path} cannot work: {each} is a file, and a folder is needed."
                )
