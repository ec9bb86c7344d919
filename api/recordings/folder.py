"""The folder of the saved recordings."""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from telemetry.private_files import create_file, create_folder

MAX_FILES = 50
MAX_BYTES = 100_000_000
_SUFFIX = ".txt"


class RecordingFolder:
    """Files in ``path``, bounded in number and bytes; the oldest are deleted.

    A file is named after its run, and a digest of its host. Other accounts cannot read the files.
    """

    def __init__(self, path: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
        """Create nothing before ``save``."""
        self._path = path
        self._max_files = max_files
        self._max_bytes = max_bytes

    def save(self, host: str, run: str, lines: Iterable[bytes]) -> None:
        """Save the recording of ``run`` instead of an earlier one. Raises OSError."""
        for each in (self._path.parent, self._path):
            create_folder(each)
        file = self._path / f"{run}@{_digest(host)}{_SUFFIX}"
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)  # of a process that was killed
        create_file(new)
        with new.open("wb") as stream:
            stream.writelines(lines)
        os.replace(new, file)  # noqa: PTH105 - pathlib's has the same name as that of str
        self._prune(file)

    def find(self, run: str, host: str | None) -> Path | None:
        """Return the file of ``run``, of ``host`` or the newest of all hosts; None without one."""
        name = "*" if host is None else _digest(host)
        with contextlib.suppress(OSError):
            files = list(self._path.glob(f"{run}@{name}{_SUFFIX}"))
            return max(files, key=_modified, default=None)
        return None

    def _prune(self, newest: Path) -> None:
        """Delete the oldest files, but never ``newest``."""
        files = sorted(self._path.glob(f"*{_SUFFIX}"), key=_modified)
        sizes = {file: _size(file) for file in files}
        for file in [each for each in files if each != newest]:
            if len(sizes) <= self._max_files and sum(sizes.values()) <= self._max_bytes:
                return
            file.unlink(missing_ok=True)
            del sizes[file]


def _digest(host: str) -> str:
    return hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # another process has deleted it
        return 0.0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
