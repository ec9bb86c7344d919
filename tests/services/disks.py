"""A small disk for one test, which may fill it or make it read-only."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.availability import REQUIRE_VARIABLE

_BYTES = 32 * 1024 * 1024
_IMAGE_BYTES = 1024 * 1024 * 1024  # sparse
_CAP_SYS_ADMIN = 21
_FILLER = "filler"
_BLOCK = b"\0" * 4096


@dataclass(frozen=True)
class Disk:
    """A mounted file system at ``path``."""

    path: Path

    def fill(self) -> None:
        """Fill it to the last byte."""
        with (self.path / _FILLER).open("wb", buffering=0) as file:
            try:
                while file.write(_BLOCK):
                    pass
            except OSError:
                return

    def reserve(self, share: float) -> None:
        """Use ``share`` of the whole without writing it."""
        size = os.statvfs(self.path)
        with (self.path / "reserved").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, int(share * size.f_blocks * size.f_frsize))

    def free(self) -> None:
        """Free the space again."""
        (self.path / _FILLER).unlink()

    def make_read_only(self) -> None:
        """Make it read-only. Raises CalledProcessError while a file is open for writing."""
        _run("mount", "-o", "remount,ro", str(self.path))

    def make_writable(self) -> None:
        """Allow changes again."""
        _run("mount", "-o", "remount,rw", str(self.path))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk of 32 MiB at ``folder``; skip the test if that is not allowed.

    If every service is required, skip it only if the kernel does not allow mounting.
    """
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs") as disk:
        yield disk


@contextmanager
def block_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk of 1 GiB on a block device, like those that a collector reads."""
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(_IMAGE_BYTES)
    _run("mkfs.ext4", "-q", "-m", "0", str(image))
    with _mounted(folder, "-o", "loop", str(image)) as disk:
        yield disk


@contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[Disk]:
    folder.mkdir()
    try:
        _run("mount", *what, str(folder))
    except (OSError, subprocess.CalledProcessError):
        reason = "no file system can be mounted here (it takes CAP_SYS_ADMIN on Linux)"
        if os.environ.get(REQUIRE_VARIABLE) == "1" and _may_mount():
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield Disk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _may_mount() -> bool:
    """Return whether the kernel lets this process mount (CAP_SYS_ADMIN, capabilities(7))."""
    if sys.platform != "linux":
        return False
    status = Path("/proc/self/status").read_text()
    (effective,) = (line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> _CAP_SYS_ADMIN & 1)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount a small disk for one test."""
    with small_disk(tmp_path / "disk") as disk:
        yield disk
