"""The folder of saved recordings."""

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from telemetry.private_files import create_file, create_folder

MAX_FILES = 50
MAX_BYTES = 100_000_000
_SUFFIX = ".txt"
_UNFINISHED = ".new"


class RecordingFolder:
    """Recordings as files in ``path``, with limits on their number and total size.

    If there are too many files, the host with the most files loses its oldest file. If the total
    size is too large, the host with the most bytes loses its oldest file. This keeps a host with
    many failed runs from evicting the recordings of other hosts. A file's name consists of the
    run's id and a digest of the host's name. Other accounts cannot read the files.
    """

    def __init__(self, path: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
        """Store the arguments; ``save`` creates the folder."""
        self._path = path
        self._max_files = max_files
        self._max_bytes = max_bytes

    def save(self, host: str, run: str, lines: Iterable[bytes]) -> None:
        """Save the recording of ``run``, replacing any earlier one. Raises OSError."""
        for each in (self._path.parent, self._path):
            create_folder(each)
        file = self._path / f"{run}@{_digest(host)}{_SUFFIX}"
        new = file.with_suffix(_UNFINISHED)
        self._delete_unfinished()  # files of a process that was killed
        try:
            create_file(new)
            with new.open("wb") as stream:
                stream.writelines(lines)
            os.replace(new, file)  # noqa: PTH105 - Path.replace looks like str.replace
        except OSError:  # such as a full disk: the unfinished file must not use its space
            with contextlib.suppress(OSError):
                self._delete_unfinished()
            raise
        self._prune(file)

    def find(self, run: str, host: str | None) -> list[Path]:
        """Return the files of ``run`` on ``host``, or on all hosts if ``host`` is None."""
        name = "*" if host is None else _digest(host)
        with contextlib.suppress(OSError):
            return list(self._path.glob(f"{run}@{name}{_SUFFIX}"))
        return []

    def _delete_unfinished(self) -> None:
        for each in self._path.glob(f"*{_UNFINISHED}"):
            each.unlink(missing_ok=True)

    def _prune(self, newest: Path) -> None:
        """Delete files other than ``newest`` until the rest are within the limits."""
        sizes = {each: _size(each) for each in self._path.glob(f"*{_SUFFIX}")}
        files = sorted(sizes.keys() - {newest}, key=_modified)
        while files:
            too_many = len(sizes) > self._max_files
            if not too_many and sum(sizes.values()) <= self._max_bytes:
                return
            shares = Counter[str]()
            for each, size in sizes.items():
                shares[_host_in(each)] += 1 if too_many else size
            file = max(files, key=lambda each: shares[_host_in(each)])  # its oldest file
            file.unlink(missing_ok=True)
            files.remove(file)
            del sizes[file]


def _digest(host: str) -> str:
    return hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _host_in(file: Path) -> str:
    return file.stem.partition("@")[2]


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
