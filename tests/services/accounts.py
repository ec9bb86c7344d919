"""Folders and commands as an ordinary account sees them, for tests that run as root."""

import os
import shutil
from pathlib import Path

import pytest

OTHER_ACCOUNT = 65534  # nobody
_LIMITED = ("--bounding-set", "-dac_override,-dac_read_search")


def subject_to_permissions() -> tuple[str, ...]:
    """Return a prefix for a command that makes file permissions apply to it, even as root."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root is not subject to permissions here (it takes setpriv)")
    return (setpriv, *_LIMITED)


def forbid(folder: Path) -> Path:
    """Create ``folder``, which only another account may enter."""
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, OTHER_ACCOUNT, OTHER_ACCOUNT)
        folder.chmod(0o700)
    else:
        folder.chmod(0)
    return folder
