"""The families of channels about the machine itself: CPU, memory, disks and network."""

from telemetry.catalogue.model import (
    ROOT,
    Family,
    Field,
    Kind,
    byte_count,
    count,
    number,
    pressure,
    total,
)

CPU = Family(
    "cpu",
    f"{ROOT}/cpu",
    "The CPU cores of the machine.",
    (
        number(
            "utilization",
            "%",
            "mean utilization of all cores; waiting for I/O counts as idle",
            37.5,
            fixed=True,
        ),
        Field(
            "per_core",
            Kind.NUMBERS,
            "%",
            "utilization of each core",
            [35.0, 40.0],
            fixed=True,
            metric="core_utilization",
            label="core",
        ),
        number("frequency", "MHz", "mean current frequency of the cores", 3600.0),
        number("frequency_max", "MHz", "highest frequency that any core supports", 5000.0),
        Field(
            "load_average",
            Kind.NUMBERS,
            "",
            "load average over 1, 5 and 15 min",
            [1.2, 0.9, 0.7],
            label="period",
            items=("1m", "5m", "15m"),
        ),
        pressure("pressure_some", "at least one task", "a CPU"),
    ),
)

MEMORY = Family(
    "memory",
    f"{ROOT}/memory",
    "RAM and swap.",
    (
        byte_count(
            "ram_used",
            "RAM in use: total minus available memory",
            13_743_895_347,
            fixed=True,
        ),
        byte_count("ram_total", "RAM that the kernel manages", 17_179_869_184, fixed=True),
        byte_count("swap_used", "swap in use", 0, fixed=True),
        byte_count("swap_total", "configured swap", 2_147_483_648, fixed=True),
        byte_count(
            "available", "memory that programs can allocate without swapping", 3_435_973_837
        ),
        pressure("pressure_some", "at least one task", "memory"),
        pressure("pressure_full", "every non-idle task", "memory"),
        byte_count(
            "cgroup_limit",
            "memory limit of the collector's cgroup, if below ram_total",
            8_589_934_592,
        ),
        byte_count(
            "cgroup_used",
            "memory charged against cgroup_limit, excluding reclaimable cache",
            4_294_967_296,
        ),
        number("swap_in_rate", "MB/s", "data read back from swap", 0.0),
        number("swap_out_rate", "MB/s", "data written to swap", 0.0),
        total(
            "oom_kills",
            Kind.INTEGER,
            "processes",
            "processes that the kernel has killed since boot because memory ran out",
            0,
        ),
        Field(
            "runs",
            Kind.RECORDS,
            "",
            "the runs that use the most memory; null if runs are not tracked",
            [
                {
                    "run": "auto-9c1e0d5b7a2f4368",
                    "name": "python3 train.py",
                    "pid": 41_213,
                    "started": 1_767_222_000_000,
                    "ram_used": 8_589_934_592,
                    "read_bytes": 64_424_509_440,
                    "cgroup_limit": None,
                    "cgroup_used": None,
                }
            ],
            members=(
                Field("run", Kind.TEXT, "", "ID of the run", "auto-9c1e0d5b7a2f4368"),
                Field("name", Kind.TEXT, "", "name of the run", "python3 train.py"),
                Field("pid", Kind.INTEGER, "", "process ID of the run's first process", 41_213),
                count("started", "ms", "Unix time at which the run began", 1_767_222_000_000),
                byte_count(
                    "ram_used",
                    "anonymous memory of the run's processes, in RAM or swap: memory that is "
                    "neither shared nor backed by a file",
                    8_589_934_592,
                ),
                byte_count(
                    "read_bytes",
                    "data that the run's processes have read from storage",
                    64_424_509_440,
                ),
                byte_count(
                    "cgroup_limit",
                    "memory limit of the run's cgroup, if below ram_total",
                    68_719_476_736,
                ),
                byte_count(
                    "cgroup_used",
                    "memory charged against cgroup_limit, excluding reclaimable cache",
                    12_884_901_888,
                ),
            ),
            metric="",
        ),
    ),
)

_DISK_RATES = (
    number("read_rate", "MB/s", "data read from disk", 120.5, fixed=True),
    number("write_rate", "MB/s", "data written to disk", 48.2, fixed=True),
)

DISK = Family(
    "disk",
    f"{ROOT}/disk",
    "Physical disks. A byte that passes through several layers, such as LVM, is counted once."
    " 1 MB is 10^6 bytes.",
    (
        *_DISK_RATES,
        Field(
            "per_device",
            Kind.GROUPS,
            "MB/s",
            "read_rate and write_rate of each disk",
            {"nvme0n1": {"read_rate": 120.5, "write_rate": 48.2}},
            members=_DISK_RATES,
            metric="device",
            label="device",
        ),
        pressure("pressure_some", "at least one task", "I/O"),
        pressure("pressure_full", "every non-idle task", "I/O"),
        Field(
            "filesystems",
            Kind.GROUPS,
            "bytes",
            "space on each local, writable file system, by mount point",
            {"/": {"used": 412_316_860_416, "total": 980_000_000_000}},
            members=(
                byte_count("used", "bytes in use", 412_316_860_416),
                byte_count(
                    "total",
                    "size of the file system, excluding the space reserved for root",
                    980_000_000_000,
                ),
            ),
            metric="filesystem",
            label="mountpoint",
        ),
    ),
)

_NETWORK_RATES = (
    number("upload_rate", "MB/s", "data sent", 1.8, fixed=True),
    number("download_rate", "MB/s", "data received", 24.6, fixed=True),
)

NETWORK = Family(
    "network",
    f"{ROOT}/network",
    "Network interfaces except loopback. Each byte is counted once, even if it passes through a"
    " bridge. 1 MB is 10^6 bytes.",
    (
        *_NETWORK_RATES,
        Field(
            "per_interface",
            Kind.GROUPS,
            "MB/s",
            "upload_rate and download_rate of each interface",
            {"eth0": {"upload_rate": 1.8, "download_rate": 24.6}},
            members=_NETWORK_RATES,
            metric="interface",
            label="interface",
        ),
    ),
)
