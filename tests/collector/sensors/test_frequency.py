import sys
from pathlib import Path

import pytest

from collector.sensors.frequency import Frequency, parse_cpuinfo, read_frequency

CPUINFO = b"""processor\t: 0
model name\t: AMD EPYC @ 2.60GHz
cpu MHz\t\t: 2299.998
cache size\t: 512 KB

processor\t: 1
cpu MHz\t\t: 3300.002
"""
ARM_CPUINFO = b"processor\t: 0\nBogoMIPS\t: 243.75\n"


def add_policy(sysfs: Path, cores: tuple[int, ...], *, current: str, maximum: str) -> None:
    folder = sysfs / "devices" / "system" / "cpu" / "cpufreq" / f"policy{cores[0]}"
    folder.mkdir(parents=True)
    (folder / "scaling_cur_freq").write_text(f"{current}\n")
    (folder / "cpuinfo_max_freq").write_text(f"{maximum}\n")
    for core in cores:
        (folder.parents[1] / f"cpu{core}").mkdir()
        (folder.parents[1] / f"cpu{core}" / "cpufreq").symlink_to(folder)


def test_cpuinfo_gives_each_cores_frequency() -> None:
    assert parse_cpuinfo(CPUINFO) == [2299.998, 3300.002]


def test_the_mean_of_the_cores_and_the_highest_on_offer_are_read(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_bytes(CPUINFO)
    add_policy(tmp_path, (0,), current="1", maximum="3500000")
    add_policy(tmp_path, (1,), current="1", maximum="4500000")
    assert read_frequency(tmp_path, tmp_path) == Frequency(2800.0, 4500.0)


def test_cores_that_share_a_clock_count_each(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_bytes(ARM_CPUINFO)
    add_policy(tmp_path, (0, 1, 2), current="1000000", maximum="1800000")
    add_policy(tmp_path, (3,), current="3000000", maximum="3000000")
    assert read_frequency(tmp_path, tmp_path) == Frequency(1500.0, 3000.0)


def test_an_offline_core_is_not_in_the_mean(tmp_path: Path) -> None:
    add_policy(tmp_path, (0,), current="2000000", maximum="3000000")
    add_policy(tmp_path, (1,), current="<unknown>", maximum="3000000")
    assert read_frequency(tmp_path, tmp_path).current == 2000.0


def test_a_kernel_that_does_not_know_gives_none(tmp_path: Path) -> None:
    assert read_frequency(tmp_path, tmp_path) == Frequency(None, None)


def test_without_proc_psutil_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("psutil")  # decides what it offers when it is imported
    monkeypatch.setattr(sys, "platform", "darwin")
    frequency = read_frequency(tmp_path, tmp_path)
    assert frequency.current is None or frequency.current > 0
    assert frequency.maximum is None or frequency.maximum > 0
