import os
import sys
from pathlib import Path

import pytest

from collector.sensors.files import KernelFile
from collector.sensors.memory import MemorySensor, memory_values, parse_meminfo
from collector.sensors.vmstat import read_vmstat
from telemetry.catalogue import MEMORY
from tests.collector.sensors.reading import Clock, read_once

GIB = 1024**3
MEMINFO = b"""\
MemTotal:       16777216 kB
MemFree:         1048576 kB
MemAvailable:    4194304 kB
Buffers:           29376 kB
SwapCached:            0 kB
SwapTotal:       2097152 kB
SwapFree:        1572864 kB
HugePages_Total:       0
"""


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "meminfo").write_bytes(MEMINFO)
    return tmp_path


def limit_to(proc: Path, limit: str) -> None:
    """Put the process into a version 2 cgroup that is mounted below ``proc``."""
    group = proc / "cgroup"
    group.mkdir(exist_ok=True)
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{3 * GIB}\n")
    (group / "memory.stat").write_text(f"anon 5\ninactive_file {GIB}\n")
    (proc / "self").mkdir(exist_ok=True)
    (proc / "self" / "cgroup").write_text("0::/\n")
    (proc / "self" / "mountinfo").write_text(
        f"31 23 0:28 / {group} ro,relatime - cgroup2 cgroup rw\n"
    )


def test_used_is_total_less_available(proc: Path) -> None:
    sensor = MemorySensor(proc)
    sensor.open()
    assert read_once(sensor, MEMORY) == {
        "ram_used": 12 * GIB,
        "ram_total": 16 * GIB,
        "swap_used": GIB // 2,
        "swap_total": 2 * GIB,
        "available": 4 * GIB,
        "pressure_some": None,
        "pressure_full": None,
        "cgroup_limit": None,
        "cgroup_used": None,
        "swap_in_rate": None,
        "swap_out_rate": None,
        "oom_kills": None,
        "runs": None,
    }
    assert sensor.describe() == "16 GiB RAM"


def test_a_field_that_the_kernel_does_not_write_is_unknown() -> None:
    values = memory_values(parse_meminfo(b"MemTotal:       16777216 kB\n"))
    assert values["ram_total"] == 16 * GIB
    assert values["ram_used"] is None
    assert values["swap_used"] is None


def test_more_available_than_there_is_means_that_all_is() -> None:
    values = memory_values({"MemTotal": GIB, "MemAvailable": 5 * GIB})
    assert values["available"] == GIB
    assert values["ram_used"] == 0


def test_pressure_is_read(proc: Path) -> None:
    (proc / "pressure").mkdir()
    (proc / "pressure" / "memory").write_text(
        "some avg10=7.50 avg60=0 avg300=0 total=1\nfull avg10=2.25 avg60=0 avg300=0 total=1\n"
    )
    values = read_once(MemorySensor(proc), MEMORY)
    assert values["pressure_some"] == 7.5
    assert values["pressure_full"] == 2.25


def vmstat(proc: Path, swapped_in: int, swapped_out: int, killed: int) -> None:
    (proc / "vmstat").write_text(
        f"nr_free_pages 1\npswpin {swapped_in}\npswpout {swapped_out}\noom_kill {killed}\n"
    )


def test_swapping_is_a_rate_and_kills_are_counted_since_boot(proc: Path) -> None:
    clock = Clock()
    sensor = MemorySensor(proc, clock)
    vmstat(proc, 1000, 0, 3)
    sensor.open()
    clock.advance(2.0)
    vmstat(proc, 2000, 500, 4)
    values = read_once(sensor, MEMORY)
    megabytes = 1000 * os.sysconf("SC_PAGE_SIZE") / 1e6
    assert values["swap_in_rate"] == pytest.approx(megabytes / 2, abs=0.001)
    assert values["swap_out_rate"] == pytest.approx(megabytes / 4, abs=0.001)
    assert values["oom_kills"] == 4


def test_a_kernel_that_counts_no_kills_reports_the_swapping(proc: Path) -> None:
    (proc / "vmstat").write_text("nr_free_pages 1\npswpin 5\npswpout 5\n")
    clock = Clock()
    sensor = MemorySensor(proc, clock)
    sensor.open()
    clock.advance(2.0)
    values = read_once(sensor, MEMORY)
    assert (values["swap_in_rate"], values["oom_kills"]) == (0.0, None)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_kernels_counters_are_understood() -> None:
    assert read_vmstat(KernelFile(Path("/proc/vmstat"))).keys() >= {"pswpin", "pswpout"}


def test_a_limit_below_the_machines_memory_is_reported(proc: Path) -> None:
    limit_to(proc, str(8 * GIB))
    sensor = MemorySensor(proc)
    sensor.open()
    values = read_once(sensor, MEMORY)
    assert values["cgroup_limit"] == 8 * GIB
    assert values["cgroup_used"] == 2 * GIB
    assert values["ram_total"] == 16 * GIB
    assert "this job may use 8 GiB" in sensor.describe()


@pytest.mark.parametrize("limit", ["max", str(16 * GIB), str(2**63 - 4096)])
def test_a_limit_that_cannot_be_reached_is_none(proc: Path, limit: str) -> None:
    limit_to(proc, limit)
    values = read_once(MemorySensor(proc), MEMORY)
    assert values["cgroup_limit"] is None
    assert values["cgroup_used"] is None


def test_a_changed_limit_is_seen_within_half_a_minute(proc: Path) -> None:
    limit_to(proc, "max")
    clock = Clock()
    sensor = MemorySensor(proc, clock)
    sensor.open()
    limit_to(proc, str(4 * GIB))
    clock.advance(30.0)
    assert read_once(sensor, MEMORY)["cgroup_limit"] == 4 * GIB


def test_without_proc_psutils_memory_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("psutil")  # decides what it offers when it is imported
    monkeypatch.setattr(sys, "platform", "darwin")
    values = read_once(MemorySensor(tmp_path), MEMORY)
    assert 0 < values["ram_used"] < values["ram_total"]
    assert values["cgroup_limit"] is None
