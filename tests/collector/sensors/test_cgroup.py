from pathlib import Path

import pytest

from collector.sensors.cgroup import VERSION_1, VERSION_2, find_limit, memory_cgroup

GIB = 1024**3
UNLIMITED = 9223372036854771712  # version 1's value for "no limit"


class Process:
    """A process in a cgroup, as ``/proc/self`` and a mounted hierarchy show it."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.mount = root / "cgroup"
        self.mount.mkdir()
        (self.proc / "self").mkdir(parents=True)

    def enter(self, path: str, *, root: str = "/", version: int = 2) -> None:
        """Enter the cgroup ``path``; the mount shows the hierarchy from ``root`` down."""
        line = f"0::{path}\n" if version == 2 else f"4:memory:{path}\n1:cpu,cpuacct:/x\n0::/\n"
        kind = "cgroup2 cgroup2 rw" if version == 2 else "cgroup cgroup rw,memory"
        (self.proc / "self" / "cgroup").write_text(line)
        (self.proc / "self" / "mountinfo").write_text(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
            f"31 23 0:28 / /elsewhere rw shared:5 - cgroup cgroup rw,cpu\n"
            f"32 23 0:29 {root} {self.mount} rw,nosuid shared:9 - {kind}\n"
        )

    def add(self, path: str, limit: str, *, current: int = 0, inactive: int = 0) -> None:
        """Add a version 2 cgroup."""
        folder = self.mount / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{current}\n")
        (folder / "memory.stat").write_text(f"active_file 77\ninactive_file {inactive}\n")

    def add_version_1(self, path: str, limit: int, *, inherited: int, usage: int = 0) -> None:
        folder = self.mount / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
        (folder / "memory.usage_in_bytes").write_text(f"{usage}\n")
        (folder / "memory.stat").write_text(
            f"inactive_file 1\nhierarchical_memory_limit {inherited}\ntotal_inactive_file {GIB}\n"
        )

    def limit(self) -> tuple[int, int | None] | None:
        """Return the (limit, bytes used) that apply on a machine with 64 GiB."""
        found = find_limit(self.proc, 64 * GIB)
        return found and (found.limit, found.used())


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def test_the_lowest_limit_of_all_ancestors_holds_with_what_is_charged_there(
    process: Process,
) -> None:
    process.enter("/slurm/job_7/step_0")
    process.add("slurm", str(32 * GIB), current=20 * GIB)
    process.add("slurm/job_7", str(8 * GIB), current=6 * GIB, inactive=GIB)
    process.add("slurm/job_7/step_0", "max", current=2 * GIB)
    assert process.limit() == (8 * GIB, 5 * GIB)


def test_of_equal_limits_the_outermost_is_the_one_that_fills_first(process: Process) -> None:
    process.enter("/pod/container")
    process.add("pod", str(8 * GIB), current=7 * GIB)
    process.add("pod/container", str(8 * GIB), current=2 * GIB)
    assert process.limit() == (8 * GIB, 7 * GIB)


def test_a_container_finds_its_own_limit_at_the_mounts_root(process: Process) -> None:
    process.enter("/")
    process.add("", str(4 * GIB), current=3 * GIB, inactive=GIB)
    assert process.limit() == (4 * GIB, 2 * GIB)


@pytest.mark.parametrize("path", ["/docker/4f5e", "/../../system.slice", "/kubepods/pod1/c2"])
def test_a_path_of_the_hosts_that_is_not_below_the_mount_means_the_mounts_root(
    process: Process, path: str
) -> None:
    process.enter(path)
    process.add("", str(4 * GIB), current=GIB)
    assert process.limit() == (4 * GIB, GIB)


def test_a_mount_that_shows_only_the_containers_part_is_understood(process: Process) -> None:
    process.enter("/docker/4f5e/inner", root="/docker/4f5e")
    process.add("", str(16 * GIB), current=9 * GIB)
    process.add("inner", str(2 * GIB), current=GIB)
    assert process.limit() == (2 * GIB, GIB)


def test_cgroups_without_limits_give_none(process: Process) -> None:
    process.enter("/user.slice/session.scope")
    process.add("user.slice", "max")
    process.add("user.slice/session.scope", "max")
    assert process.limit() is None


def test_a_limit_above_the_machines_memory_is_none(process: Process) -> None:
    process.enter("/job")
    process.add("job", str(64 * GIB))
    assert process.limit() is None


def test_a_cgroup_that_is_gone_has_no_known_use(process: Process) -> None:
    process.enter("/job")
    process.add("job", str(GIB))
    found = find_limit(process.proc, 64 * GIB)
    assert found is not None
    (process.mount / "job" / "memory.current").unlink()
    assert found.used() is None


def test_use_is_never_negative(process: Process) -> None:
    process.enter("/job")
    process.add("job", str(8 * GIB), current=GIB, inactive=2 * GIB)
    assert process.limit() == (8 * GIB, 0)


def test_version_1_counts_what_it_has_below_it_too(process: Process) -> None:
    process.enter("/docker/4f5e", version=1)
    process.add_version_1("", UNLIMITED, inherited=UNLIMITED)
    process.add_version_1("docker", UNLIMITED, inherited=UNLIMITED)
    process.add_version_1("docker/4f5e", 4 * GIB, inherited=4 * GIB, usage=3 * GIB)
    assert process.limit() == (4 * GIB, 2 * GIB)


def test_version_1_knows_limits_of_ancestors_that_are_not_mounted(process: Process) -> None:
    process.enter("/kubepods/pod1/c2", root="/kubepods/pod1/c2", version=1)
    process.add_version_1("", UNLIMITED, inherited=6 * GIB, usage=5 * GIB)
    assert process.limit() == (6 * GIB, 4 * GIB)


def test_version_1_without_limits_gives_none(process: Process) -> None:
    process.enter("/agent", version=1)
    process.add_version_1("", UNLIMITED, inherited=UNLIMITED)
    process.add_version_1("agent", UNLIMITED, inherited=UNLIMITED, usage=GIB)
    assert process.limit() is None


def test_with_both_versions_mounted_the_one_with_the_memory_controller_is_read(
    tmp_path: Path,
) -> None:
    mountinfo = (
        f"35 31 0:32 / {tmp_path}/memory rw - cgroup cgroup rw,memory\n"
        f"41 31 0:38 / {tmp_path}/unified rw - cgroup2 cgroup2 rw\n"
    )
    (tmp_path / "memory" / "a").mkdir(parents=True)
    version_1 = memory_cgroup("4:memory:/a\n1:cpu:/\n0::/\n", mountinfo)
    assert version_1 == (tmp_path / "memory" / "a", tmp_path / "memory", VERSION_1)
    version_2 = memory_cgroup("1:cpu:/\n0::/\n", mountinfo)
    assert version_2 == (tmp_path / "unified", tmp_path / "unified", VERSION_2)


def test_without_a_mounted_hierarchy_there_is_no_limit(process: Process) -> None:
    process.enter("/job")
    (process.proc / "self" / "mountinfo").write_text("")
    assert process.limit() is None


def test_without_proc_there_is_no_limit(tmp_path: Path) -> None:
    assert find_limit(tmp_path, 64 * GIB) is None


@pytest.mark.parametrize("path", [b"/data/\xff\xfe", b"/data/\xc2\x85", b"/data/\x0c", b"/data/\r"])
def test_the_path_of_another_mount_may_be_any_bytes(process: Process, path: bytes) -> None:
    process.enter("/job")
    process.add("job", str(2 * GIB), current=GIB)
    mounts = process.proc / "self" / "mountinfo"
    mounts.write_bytes(b"90 1 254:1 / " + path + b" rw - ext4 /dev/vdb rw\n" + mounts.read_bytes())
    assert process.limit() == (2 * GIB, GIB)
