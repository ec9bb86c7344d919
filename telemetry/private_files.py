"""Creates folders and files that other accounts on the machine cannot read."""

import contextlib
import os
from pathlib import Path

_FOLDER = 0o700
_FILE = 0o600


def create_folder(path: Path) -> None:
    """Create the folder if it is missing, for this account only. Raises OSError.

    An existing folder keeps its permissions, because its owner may have chosen them.
    """
    path.mkdir(_FOLDER, parents=True, exist_ok=True)


def create_file(path: Path) -> None:
    """Create the file, empty and for this account only, if it is missing. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, _FILE))


def restrict(path: Path) -> None:
    """Remove other accounts' access to a file, if this account is allowed to.

    The file is not opened, because closing it would release the locks that SQLite holds on it.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_mode & ~_FILE & 0o777:
            path.chmod(_FILE)
