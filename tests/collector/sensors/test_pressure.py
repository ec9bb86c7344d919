from pathlib import Path

import pytest

from collector.sensors.files import KernelFile
from collector.sensors.pressure import Pressure, parse_pressure, read_pressure

MEMORY = b"""some avg10=12.34 avg60=2.58 avg300=1.28 total=158463928
full avg10=0.54 avg60=0.43 avg300=0.28 total=9420577
"""
CPU_BEFORE_LINUX_5_13 = b"some avg10=4.19 avg60=2.58 avg300=1.28 total=158463928\n"


def test_the_ten_second_averages_are_read() -> None:
    assert parse_pressure(MEMORY) == Pressure(some=12.34, full=0.54)


def test_a_line_that_the_kernel_does_not_write_is_unknown() -> None:
    assert parse_pressure(CPU_BEFORE_LINUX_5_13) == Pressure(some=4.19, full=None)


def test_a_kernel_without_pressure_information_gives_none(tmp_path: Path) -> None:
    assert read_pressure(KernelFile(tmp_path / "pressure" / "cpu")) == Pressure(None, None)


def test_a_kernel_that_refuses_to_read_gives_none(tmp_path: Path) -> None:
    # With psi=0 some kernels show the file and answer EOPNOTSUPP; a folder answers EISDIR.
    assert read_pressure(KernelFile(tmp_path)) == Pressure(None, None)


def test_this_kernels_file_is_understood() -> None:
    file = Path("/proc/pressure/memory")
    if not file.exists():
        pytest.skip("this kernel keeps no pressure information")
    pressure = read_pressure(KernelFile(file))
    assert pressure.some is not None
    assert pressure.full is not None
    assert 0 <= pressure.full <= pressure.some <= 100
