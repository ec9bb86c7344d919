"""Locks the data folder of the embedded history, so that only one process writes to it."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

from telemetry import private_files
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
    """A folder that this process owns from ``start`` until ``stop`` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Store the path; ``start`` creates and locks the folder."""
        self._path = path
        self._file: TextIO | None = None

    def start(self) -> None:
        """Create the folder and lock it.

        Raises SettingsError if another process owns the folder, or if the path or one of its
        parents is a file. If the folder is not writable, no error is raised: the history reports
        the problem, and everything that does not need the history still works.
        """
        file = self._path / "lock"
        with contextlib.suppress(OSError):
            private_files.create_folder(self._path)
        _reject_file_in_its_place(self._path)
        with contextlib.suppress(OSError):
            # The file is private, because any account that can open the file can also lock it.
            private_files.create_file(file)
            private_files.restrict(file)
            self._file = file.open("a+")
        if self._file is None:
            return
        try:
            _lock(self._file.fileno())
        except (BlockingIOError, PermissionError):
            self._file.seek(0)
            owner = self._file.read().strip()
            self.stop()
            raise SettingsError(
                f"data_dir={self._path} is {_use(owner, file)}, or use another folder with "
                "--data-dir."
            ) from None
        except OSError:
            return  # the file system does not support locks
        with contextlib.suppress(OSError):  # if the disk is full; the lock works without the id
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()

    def stop(self) -> None:
        """Release the folder. Safe to call twice, and before ``start``."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # if the disk is full, the id cannot be flushed
                file.close()


def _use(owner: str, file: Path) -> str:
    """Return the part of the message that names the holder of the lock and a remedy.

    ``owner`` is the content of the lock file: the id of the last process that locked the folder, or
    an empty string.
    """
    import psutil  # noqa: PLC0415 - it takes memory

    if owner.isdecimal() and psutil.pid_exists(int(owner)):
        return f"in use by another System Monitor (process {owner}): stop it"
    return f"locked by another program: end the program that has {file} open"


def _reject_file_in_its_place(path: Path) -> None:
    with contextlib.suppress(OSError):
        for each in (path, *path.parents):
            if each.exists() and not each.is_dir():
                raise SettingsError(
                    f"data_dir={path} is not valid: {each} is a file, not a folder."
                )
