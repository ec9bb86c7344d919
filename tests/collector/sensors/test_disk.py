import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from collector.sensors.disk import DiskSensor, parse_diskstats, physical_disks
from telemetry.catalogue import DISK
from telemetry.errors import SensorAbsentError
from tests.collector.sensors.reading import Clock, read_once

RECORDED = b"""\
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
   8       0 sda 10 0 8 0 20 0 16 0 0 0 0
   8       1 sda1 10 0 8 0 20 0 16 0 0 0 0
 254       0 vda 101878 15363 6525090 63591 105363 118137 13829696 52279 0 20508 118630 26251 36 1 2
"""


class Machine:
    """The parts of ``/proc`` and ``/sys`` that a disk sensor reads, below ``root``."""

    def __init__(self, root: Path) -> None:
        self.proc, self.sysfs = root / "proc", root / "sys"
        self.clock = Clock()
        self.sectors: dict[str, tuple[int, int]] = {}
        self.proc.mkdir()

    def add(self, name: str, *, hardware: bool, slaves: tuple[str, ...] = ()) -> None:
        """Add a whole device. Like the kernel, link it from ``block`` to its folder."""
        place = "pci0000:00" if hardware else "virtual"
        folder = self.sysfs / "devices" / place / "block" / name
        (folder / "slaves").mkdir(parents=True)
        if hardware:
            (folder / "device").mkdir()
        for slave in slaves:
            (folder / "slaves" / slave).symlink_to(f"../../{slave}")
        (self.sysfs / "block").mkdir(exist_ok=True)
        (self.sysfs / "block" / name).symlink_to(folder)
        self.sectors[name] = (0, 0)

    def move(self, sectors: Mapping[str, tuple[int, int]]) -> None:
        """Add (read, written) sectors of 512 bytes to devices' counters, and let 2 s pass."""
        for name, (read, written) in sectors.items():
            before = self.sectors.get(name, (0, 0))
            self.sectors[name] = (before[0] + read, before[1] + written)
        self.clock.advance(2.0)

    def sensor(self) -> DiskSensor:
        """Return the sensor, opened."""
        self.write()
        sensor = DiskSensor(self.proc, self.sysfs, self.clock)
        sensor.open()
        return sensor

    def write(self) -> None:
        self.proc.joinpath("diskstats").write_text(
            "".join(
                f" 8 0 {name} 1 0 {read} 0 1 0 {written} 0 0 0 0 0 0 0 0 0 0\n"
                for name, (read, written) in self.sectors.items()
            ),
            errors="surrogateescape",
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


NOTHING_ELSE: Mapping[str, object] = {
    "pressure_some": None,
    "pressure_full": None,
    "filesystems": {},
}
MEGABYTE = 2000  # sectors, nearly: 1.024 MB, which is 0.512 MB/s over 2 s


def test_sectors_are_512_bytes() -> None:
    counters = parse_diskstats(RECORDED)
    assert counters["sda"] == (8 * 512, 16 * 512)
    assert counters["vda"] == (6525090 * 512, 13829696 * 512)
    assert counters.keys() == {"loop0", "sda", "sda1", "vda"}


def test_lvm_on_luks_on_nvme_counts_each_byte_once(machine: Machine) -> None:
    machine.add("nvme0n1", hardware=True)
    machine.add("dm-0", hardware=False, slaves=("nvme0n1p3",))
    machine.add("dm-1", hardware=False, slaves=("dm-0",))
    machine.add("loop0", hardware=False)
    machine.add("zram0", hardware=False)
    sensor = machine.sensor()
    layers = ("nvme0n1", "nvme0n1p3", "dm-0", "dm-1", "loop0", "zram0")
    machine.move(dict.fromkeys(layers, (MEGABYTE, 2 * MEGABYTE)))
    machine.write()
    rates = {"read_rate": 0.512, "write_rate": 1.024}
    assert read_once(sensor, DISK) == {**rates, "per_device": {"nvme0n1": rates}, **NOTHING_ELSE}
    assert sensor.describe() == "1 disk: nvme0n1"


def test_a_mirror_counts_the_bytes_of_both_its_disks(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    machine.add("sdb", hardware=True)
    machine.add("md0", hardware=False, slaves=("sda1", "sdb1"))
    sensor = machine.sensor()
    machine.move(dict.fromkeys(("sda", "sda1", "sdb", "sdb1", "md0"), (0, MEGABYTE)))
    machine.write()
    disk = {"read_rate": 0.0, "write_rate": 0.512}
    assert read_once(sensor, DISK) == {
        "read_rate": 0.0,
        "write_rate": 1.024,
        "per_device": {"sda": disk, "sdb": disk},
        **NOTHING_ELSE,
    }


@pytest.mark.parametrize("head_counts_too", [True, False], ids=["newer kernel", "older kernel"])
def test_the_paths_of_an_nvme_disk_are_one_disk(machine: Machine, *, head_counts_too: bool) -> None:
    for name in ("nvme0c0n1", "nvme0c1n1", "nvme0n1", "nvme1n1"):
        machine.add(name, hardware=True)
    sensor = machine.sensor()
    machine.move({"nvme0c0n1": (MEGABYTE, 0), "nvme0c1n1": (2 * MEGABYTE, 0)})
    if head_counts_too:
        machine.sectors["nvme0n1"] = (3 * MEGABYTE, 0)
    machine.write()
    values = read_once(sensor, DISK)
    assert values["read_rate"] == 1.536
    assert values["per_device"] == {
        "nvme0n1": {"read_rate": 1.536, "write_rate": 0.0},
        "nvme1n1": {"read_rate": 0.0, "write_rate": 0.0},
    }
    assert sensor.describe() == "2 disks: nvme0n1, nvme1n1"


def test_a_device_on_others_is_left_out_even_if_it_claims_hardware(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    machine.add("emcpowera", hardware=True, slaves=("sda",))
    assert physical_disks(["sda", "emcpowera"], machine.sysfs) == {"sda": "sda"}


@pytest.mark.parametrize("name", ["vda", "xvda", "sda", "mmcblk0", "rbd0", "dasda", "cciss!c0d0"])
def test_virtual_remote_and_odd_disks_count(machine: Machine, name: str) -> None:
    machine.add(name, hardware=True)
    device = name.replace("!", "/")
    assert physical_disks([device], machine.sysfs) == {device: device}


@pytest.mark.parametrize("name", ["sr0", "fd0", "mmcblk0boot0"])
def test_what_holds_no_data_of_a_job_is_left_out(machine: Machine, name: str) -> None:
    machine.add(name, hardware=True)
    assert physical_disks([name], machine.sysfs) == {}


def test_a_disk_whose_name_is_not_utf_8_is_published_escaped(machine: Machine) -> None:
    name = b"sd\xff".decode(errors="surrogateescape")
    machine.add(name, hardware=True)
    machine.add("sda", hardware=True)
    sensor = machine.sensor()
    machine.move({name: (2000, 0), "sda": (2000, 0)})
    machine.write()
    values = read_once(sensor, DISK)
    assert values["per_device"].keys() == {"sd\\xff", "sda"}
    assert sensor.describe() == "2 disks: sd\\xff, sda"


def test_pressure_and_file_systems_are_read_with_the_rates(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    (machine.proc / "pressure").mkdir()
    (machine.proc / "pressure" / "io").write_text("some avg10=7.50 a\nfull avg10=2.25 a\n")
    (machine.proc / "self").mkdir()
    line = f"27 1 254:0 / {machine.proc} rw,relatime - ext4 /dev/sda1 rw\n"
    (machine.proc / "self" / "mountinfo").write_text(line)
    values = read_once(machine.sensor(), DISK)
    assert (values["pressure_some"], values["pressure_full"]) == (7.5, 2.25)
    (size,) = values["filesystems"].values()
    assert 0 < size["used"] <= size["total"]


def test_a_machine_without_disks_reports_it(machine: Machine) -> None:
    machine.add("loop0", hardware=False)
    with pytest.raises(SensorAbsentError, match="no physical disk"):
        machine.sensor()


def test_a_sandbox_without_diskstats_reports_it(tmp_path: Path) -> None:
    with pytest.raises(SensorAbsentError, match="diskstats"):
        DiskSensor(tmp_path, tmp_path).open()


def test_a_disk_that_is_plugged_in_joins_at_its_second_reading(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    sensor = machine.sensor()
    machine.add("sdb", hardware=True)
    machine.move({"sda": (MEGABYTE, 0), "sdb": (10**9, 0)})
    machine.write()
    values = read_once(sensor, DISK)
    assert values["read_rate"] == 0.512
    assert values["per_device"]["sdb"] == {"read_rate": None, "write_rate": None}
    machine.move({"sdb": (MEGABYTE, 0)})
    machine.write()
    assert read_once(sensor, DISK)["per_device"]["sdb"]["read_rate"] == 0.512


def test_a_disk_whose_counter_went_backwards_is_not_in_the_total(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    machine.add("sdb", hardware=True)
    machine.sectors["sda"] = (10**9, 10**9)
    sensor = machine.sensor()
    machine.sectors["sda"] = (0, 0)
    machine.move({"sdb": (MEGABYTE, 0)})
    machine.write()
    values = read_once(sensor, DISK)
    assert values["read_rate"] == 0.512
    assert values["per_device"]["sda"] == {"read_rate": None, "write_rate": None}


def test_the_rate_of_a_lone_disk_that_was_reset_is_null_not_zero(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    machine.sectors["sda"] = (10**9, 10**9)
    sensor = machine.sensor()
    machine.sectors["sda"] = (0, 0)
    machine.move({})
    machine.write()
    assert read_once(sensor, DISK)["read_rate"] is None


def test_sys_is_read_again_only_when_the_devices_change(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    sensor = machine.sensor()
    (machine.sysfs / "block" / "sda").unlink()  # it is not read again, so not missed
    machine.move({})
    assert read_once(sensor, DISK)["per_device"].keys() == {"sda"}
    machine.add("sdb", hardware=True)
    machine.write()
    machine.move({})
    assert read_once(sensor, DISK)["per_device"].keys() == {"sdb"}


def test_a_closed_sensor_can_be_opened_again_and_knows_no_old_counters(machine: Machine) -> None:
    machine.add("sda", hardware=True)
    sensor = machine.sensor()
    sensor.close()
    sensor.close()
    machine.move({"sda": (10**6, 0)})
    machine.write()
    sensor.open()
    machine.move({})
    assert read_once(sensor, DISK)["read_rate"] == 0.0


def test_without_proc_psutils_disks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    if not psutil.disk_io_counters(perdisk=True):
        pytest.skip("psutil knows no disks here")
    monkeypatch.setattr(sys, "platform", "darwin")
    clock = Clock()
    sensor = DiskSensor(clock=clock)
    sensor.open()
    clock.advance(2.0)
    assert read_once(sensor, DISK)["write_rate"] is not None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")
def test_this_machines_disks_are_whole_and_not_virtual() -> None:
    try:
        devices = parse_diskstats(Path("/proc/diskstats").read_bytes())
    except FileNotFoundError:
        pytest.skip("this sandbox has no /proc/diskstats")
    for device in physical_disks(devices, Path("/sys")):
        folder = Path("/sys/block", device.replace("/", "!"))
        assert not (folder / "partition").exists()
        assert not (folder / "loop").exists()
        assert not (folder / "dm").exists()
        assert not (folder / "md").exists()
