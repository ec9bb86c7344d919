"""Reads how fast the disks read and write, and how full the file systems are.

Each byte that reaches a disk is counted once. ``/proc/diskstats`` counts a byte in each layer that
the byte passes through, such as a partition and the whole disk. So a device is counted only if it
is a whole device, backed by hardware, and not built on other devices; that is, if
``/sys/block/<name>/device`` exists and ``slaves`` is empty. This rule excludes

- partitions, which are not in ``/sys/block``;
- device mapper (LVM, LUKS, multipath), md, bcache, ZFS volumes, drbd and loop, whose bytes are
  counted in the underlying disks: a RAID 1 of two disks counts two bytes for each byte written;
- ram and zram, whose bytes reach no disk;
- nbd, whose bytes are counted as network traffic.

The rule includes the disks of a virtual machine (virtio, Xen, Hyper-V) and remote disks with their
own driver (iSCSI, NVMe over fabrics, rbd), because this machine sees them as hardware.

With native NVMe multipath, each path to a disk is a hidden device, such as ``nvme0c1n1``, and the
kernel counts the bytes in these devices. The disk's own counters (``nvme0n1``) stay at zero in
older kernels, and count the same bytes again in newer ones
(https://github.com/Atoptool/atop/pull/157). So only the paths are counted, and their sum is
published under the disk's name.

Optical drives, floppies and the boot areas of an eMMC card are excluded too: jobs do not read data
from these devices, so their rates would nearly always be zero.

On Linux, psutil adds up all devices in ``/sys/block``, so it counts the bytes of stacked devices
twice. For this reason, psutil is used only on systems other than Linux.
"""

import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from collector.sensors.files import KernelFile
from collector.sensors.filesystems import Filesystems
from collector.sensors.names import decoded, shown
from collector.sensors.port import Reading, Sensor
from collector.sensors.pressure import read_pressure
from collector.sensors.rates import Counters, DeviceRates, Rate, as_values, total
from collector.sensors.registry import register
from telemetry.catalogue import DISK
from telemetry.errors import SensorAbsentError

_SECTOR_BYTES = 512  # the unit of /proc/diskstats, whatever the sector size of the disk is
_SIDELINED = re.compile(r"(sr|fd)\d+|mmcblk\d+boot\d+")
_NVME_PATH = re.compile(r"(nvme\d+)c\d+(n\d+)")
_RATES = ("read_rate", "write_rate")


def parse_diskstats(text: bytes) -> dict[str, tuple[int, int]]:
    """Return (bytes read, bytes written) of each device and partition in ``/proc/diskstats``.

    The fields: https://docs.kernel.org/admin-guide/iostats.html
    """
    lines = (line.split(None, 10) for line in text.splitlines())
    return {
        decoded(fields[2]): (int(fields[5]) * _SECTOR_BYTES, int(fields[9]) * _SECTOR_BYTES)
        for fields in lines
    }


def physical_disks(devices: Iterable[str], sysfs: Path) -> dict[str, str]:
    """Return the ``devices`` to count, each with the name of its disk."""
    disks = {device: _disk_of(device) for device in devices if _is_physical(device, sysfs)}
    multipath = {disk for device, disk in disks.items() if disk != device}
    return {device: disk for device, disk in disks.items() if device not in multipath}


def _is_physical(device: str, sysfs: Path) -> bool:
    folder = sysfs / "block" / device.replace("/", "!")  # the kernel's name, such as cciss!c0d0
    slaves = folder / "slaves"
    return (
        (folder / "device").exists()
        and not (slaves.is_dir() and any(slaves.iterdir()))
        and not _SIDELINED.fullmatch(device)
    )


def _disk_of(device: str) -> str:
    path = _NVME_PATH.fullmatch(device)
    return path[1] + path[2] if path else shown(device)


@register
class DiskSensor(Sensor):
    """Reads the rates of all physical disks, I/O pressure, and the usage of the file systems.

    The module's docstring describes which devices count as disks.
    """

    name = DISK.name

    def __init__(
        self,
        proc: Path = Path("/proc"),
        sysfs: Path = Path("/sys"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``clock`` returns the monotonic time in seconds."""
        self._diskstats = KernelFile(proc / "diskstats")
        self._pressure = KernelFile(proc / "pressure" / "io")
        self._filesystems = Filesystems(proc, clock)
        self._sysfs = sysfs
        self._devices = DeviceRates(self._counters, self._choose, clock)

    def open(self) -> None:
        """Read the first counters. Raises SensorAbsentError if there is no disk."""
        self.close()
        self._rates()

    def read(self) -> Iterable[Reading]:
        """Return I/O pressure, the file systems' usage and the rates since the previous reading.

        Raises SensorAbsentError if there is no disk.
        """
        rates = self._rates()
        by_disk: dict[str, list[Rate | None]] = {}
        for device, rate in rates.items():
            by_disk.setdefault(self._devices.counted[device], []).append(rate)
        per_device = {disk: as_values(total(paths), _RATES) for disk, paths in by_disk.items()}
        totals = as_values(total(rates.values()), _RATES)
        pressure = read_pressure(self._pressure)
        values = {
            **totals,
            "per_device": per_device,
            "pressure_some": pressure.some,
            "pressure_full": pressure.full,
            "filesystems": self._filesystems.read(),
        }
        return [Reading(DISK.channel, values)]

    def describe(self) -> str:
        """Return the number of disks and their names."""
        disks = sorted(set(self._devices.counted.values()))
        return f"{len(disks)} disk{'s' * (len(disks) != 1)}: {', '.join(disks)}"

    def close(self) -> None:
        """Discard the counters and the list of disks, and close the files."""
        self._diskstats.close()
        self._pressure.close()
        self._devices.clear()

    def _rates(self) -> dict[str, Rate | None]:
        rates = self._devices.rates()
        if not rates:
            raise SensorAbsentError("The kernel lists no physical disk.")
        return rates

    def _counters(self) -> Counters:
        if sys.platform != "linux":
            from collector.sensors import portable  # noqa: PLC0415 - Linux can do without psutil

            return portable.disk_counters()
        try:
            return parse_diskstats(self._diskstats.read())
        except FileNotFoundError:
            raise SensorAbsentError("This kernel or sandbox has no /proc/diskstats.") from None

    def _choose(self, devices: Iterable[str]) -> Mapping[str, str]:
        if sys.platform != "linux":
            return {device: device for device in devices}
        return physical_disks(devices, self._sysfs)
