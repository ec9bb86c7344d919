"""Which file systems are read, and what is read of them."""

import shutil
import sys
from pathlib import Path

import pytest

from collector.sensors.filesystems import MOST, Filesystems, parse_mounts
from tests.collector.sensors.reading import Clock

MOUNTS = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
28 27 259:1 / /boot rw,relatime - vfat /dev/nvme0n1p1 rw
29 27 259:2 /var/lib/data /srv/data rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
30 27 7:1 / /snap/core/1 ro,nodev - squashfs /dev/loop1 ro
31 27 0:40 / /home rw,relatime - zfs tank/home rw,xattr
32 27 0:41 / /mnt/models rw,relatime - nfs4 filer:/models rw,hard
33 27 8:1 / /mnt/my\040disk rw,relatime - xfs /dev/sda1 rw
34 27 8:2 / /mnt/old rw,relatime - ext4 /dev/sdb1 ro
35 27 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs rw
36 27 0:24 / /run rw,nosuid - tmpfs tmpfs rw
garbage
"""


def test_local_file_systems_that_can_be_written_are_read_once_each() -> None:
    assert sorted(parse_mounts(MOUNTS)) == ["/", "/boot", "/dev/shm", "/home", "/mnt/my disk"]  # noqa: S108


def test_the_root_of_a_container_is_read() -> None:
    assert parse_mounts(b"27 1 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/a\n") == ["/"]


def test_their_number_is_limited() -> None:
    lines = (b"33 27 8:1 / /mnt/%d rw - xfs /dev/sd%d rw\n" % (n, n) for n in range(5000))
    assert len(parse_mounts(b"".join(lines))) == MOST


def test_a_name_that_a_payload_cannot_carry_is_left_out() -> None:
    names = rb"/a\012b", b"/" + b"x" * 250
    lines = (b"33 27 8:1 / %b rw - xfs /dev/sd%d rw\n" % (name, 1) for name in names)
    assert parse_mounts(b"".join(lines)) == []


def mounted(proc: Path, *points: Path) -> None:
    lines = (f"33 27 8:1 / {each} rw - xfs /dev/{each.name} rw\n" for each in points)
    (proc / "self").mkdir(exist_ok=True)
    (proc / "self" / "mountinfo").write_text("".join(lines))


def test_the_size_is_that_of_df(tmp_path: Path) -> None:
    mounted(tmp_path, tmp_path)
    (size,) = Filesystems(tmp_path, Clock()).read().values()
    theirs = shutil.disk_usage(tmp_path)
    assert size["used"] == pytest.approx(theirs.used, rel=0.05)
    assert size["total"] == pytest.approx(theirs.used + theirs.free, rel=0.05)


def test_one_that_is_gone_is_left_out_and_a_new_one_is_read_within_half_a_minute(
    tmp_path: Path,
) -> None:
    mounted(tmp_path, tmp_path / "gone")
    clock = Clock()
    filesystems = Filesystems(tmp_path, clock)
    assert filesystems.read() == {}
    mounted(tmp_path, tmp_path)
    clock.advance(30.0)
    assert filesystems.read().keys() == {str(tmp_path)}


def test_a_system_without_proc_has_none(tmp_path: Path) -> None:
    assert Filesystems(tmp_path / "none", Clock()).read() == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_machines_root_is_read() -> None:
    assert Filesystems(Path("/proc"), Clock()).read()["/"]["total"] > 0
