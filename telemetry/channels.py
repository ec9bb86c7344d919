"""The catalogue: every channel, its payload's fields, their types, units and meanings.

All else is derived from it: decoding, OpenAPI, the history's columns, the documentation.
A new metric is added here, in its sensor, and in a test.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ROOT = "system"
STATUS_CHANNEL = f"{ROOT}/status"
MAX_PROCESSES = 64  # of one GPU; all of them fit into a payload many times

_PLACE = re.compile(r"\{(?P<name>\w+)\}")
_PLACES = {"id": "[0-9]{1,4}", "n": "[0-9]{1,2}"}  # what may stand in a channel's braces


class Kind(StrEnum):
    """The shape of a field's value."""

    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    NUMBERS = "list of numbers"
    TEXTS = "list of texts"
    NUMBERS_BY_NAME = "object of numbers"
    GROUPS = "object of objects"
    RECORDS = "list of objects"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload.

    ``fixed`` fields are the names that other tools depend on: they are always sent. The rest may
    be missing from an older collector. A value that the hardware does not report is null.
    ``members`` are the fields of each object where ``kind`` is ``GROUPS`` or ``RECORDS``.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    example: object = dataclasses.field(hash=False)
    fixed: bool = False
    minimum: float | None = 0
    members: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family: its channel, with ``{id}`` where there are several, and its fields.

    A family that is not ``stored`` has no history: it is published, retained and served, and the
    ingester passes it over.
    """

    name: str
    channel: str
    help: str
    fields: tuple[Field, ...]
    stored: bool = True

    @property
    def channel_filter(self) -> str:
        """The MQTT filter that matches each channel of this family."""
        return _PLACE.sub("+", self.channel)

    @property
    def several(self) -> bool:
        """Whether a host may have several channels of this family."""
        return "{" in self.channel


def _number(name: str, unit: str, text: str, example: object, *, fixed: bool = False) -> Field:
    return Field(name, Kind.NUMBER, unit, text, example, fixed=fixed)


def _bytes(name: str, text: str, example: int, *, fixed: bool = False) -> Field:
    return Field(name, Kind.INTEGER, "bytes", text, example, fixed=fixed)


def _pressure(name: str, who: str, resource: str) -> Field:
    text = f"share of the last 10 s in which {who} waited for {resource} (Linux PSI avg10)"
    return Field(name, Kind.NUMBER, "%", text, 0.4)


def _count(name: str, unit: str, text: str, example: int) -> Field:
    return Field(name, Kind.INTEGER, unit, text, example)


GPU = Family(
    "gpu",
    f"{ROOT}/gpu/{{id}}",
    "One NVIDIA GPU; {id} is NVML's index.",
    (
        _number("utilization", "%", "share of time in which a kernel ran", 75.0, fixed=True),
        _bytes("memory_used", "memory in use, reserved memory apart", 6_657_199_308, fixed=True),
        _bytes(
            "memory_total", "memory installed; if unified, the system's", 8_589_934_592, fixed=True
        ),
        Field("temperature", Kind.NUMBER, "°C", "core temperature", 72.0, fixed=True, minimum=None),
        _number("power", "W", "power drawn", 215.4, fixed=True),
        Field("name", Kind.TEXT, "", "product name", "NVIDIA GeForce RTX 4090"),
        Field("uuid", Kind.TEXT, "", "NVML's UUID", "GPU-8f0c5d3e-0b1a-4c59-9d53-6c1d0a2b7e11"),
        Field(
            "memory_kind",
            Kind.TEXT,
            "",
            "dedicated; or unified, where the GPU has no memory but the system's",
            "dedicated",
        ),
        _number("memory_utilization", "%", "share of time in which memory was accessed", 41.0),
        _number("power_limit", "W", "power limit in force", 450.0),
        _number("sm_clock", "MHz", "clock of the streaming multiprocessors", 2520.0),
        _number("memory_clock", "MHz", "memory clock", 10501.0),
        Field("throttle_reasons", Kind.TEXTS, "", "why the clocks are held down", ["sw_power_cap"]),
        Field(
            "throttle_shares",
            Kind.NUMBERS_BY_NAME,
            "%",
            "share of the last 5 min in which each reason was there",
            {"sw_power_cap": 37.5, "gpu_idle": 2.0},
        ),
        Field(
            "memory_temperature", Kind.NUMBER, "°C", "temperature of the memory", 78.0, minimum=None
        ),
        _number("fan_speed", "%", "share of the fans' full speed, which it may exceed", 45.0),
        _count("performance_state", "", "P-state: 0 is the fastest, 15 the slowest", 2),
        _number("energy", "J", "energy used since the driver was loaded", 1_234_567.8),
        _number("power_average", "W", "mean power since the reading before, by energy", 221.7),
        _count("pcie_generation", "", "generation of the PCIe link; it may fall when idle", 4),
        _count("pcie_width", "lanes", "width of the PCIe link", 16),
        _number("pcie_tx_rate", "MB/s", "sent over PCIe; null where no counter tells it", 812.5),
        _number("pcie_rx_rate", "MB/s", "received over PCIe; null as pcie_tx_rate is", 1_204.3),
        _count("nvlink_links", "links", "NVLinks that the GPU has; null where it has none", 18),
        _count("nvlink_active", "links", "NVLinks that are up", 18),
        _number("nvlink_tx_rate", "MB/s", "sent over all NVLinks, without the protocol", 48_210.4),
        _number("nvlink_rx_rate", "MB/s", "received over all NVLinks, as nvlink_tx_rate", 47_980.1),
        _count("ecc_errors_corrected", "errors", "memory errors corrected, in all its life", 3),
        _count("ecc_errors_uncorrected", "errors", "errors not corrected, in all its life", 0),
        _count(
            "ecc_errors_uncorrected_volatile",
            "errors",
            "errors not corrected, since the driver was loaded",
            0,
        ),
        _count("retired_pages", "pages", "memory pages taken out of use for their errors", 0),
        _count("retirement_pending", "", "1 where pages go out of use at the next reboot", 0),
        _count("remapped_rows", "rows", "memory rows replaced for their errors", 0),
        _count("remapping_pending", "", "1 where rows are replaced at the next reset", 0),
        Field("compute_mode", Kind.TEXT, "", "who may use it for computing", "default"),
        Field("pci_bus_id", Kind.TEXT, "", "place on the PCI bus", "00000000:3B:00.0"),
        Field(
            "slowdown_temperature",
            Kind.NUMBER,
            "°C",
            "core temperature from which the hardware slows it down",
            90.0,
            minimum=None,
        ),
        Field(
            "temperature_margin",
            Kind.NUMBER,
            "°C",
            "what is left up to the temperature that slows it down",
            18.0,
            minimum=None,
        ),
    ),
)

GPU_PROCESSES = Family(
    "gpu_processes",
    f"{GPU.channel}/processes",
    "The processes that use a GPU. It has no history.",
    (
        Field(
            "processes",
            Kind.RECORDS,
            "",
            f"those with the most memory first, {MAX_PROCESSES} at most",
            [
                {
                    "pid": 41_213,
                    "name": "python3",
                    "command": "python3 train.py",
                    "user": "ada",
                    "memory_used": 6_442_450_944,
                    "kind": "compute",
                    "started": 1_767_222_000_000,
                    "gpu_instance": None,
                }
            ],
            fixed=True,
            members=(
                Field("pid", Kind.INTEGER, "", "process id, as NVML tells it", 41_213),
                Field("name", Kind.TEXT, "", "the process' name", "python3"),
                Field(
                    "command",
                    Kind.TEXT,
                    "",
                    "program and script or module; never the arguments, which may hold secrets",
                    "python3 train.py",
                ),
                Field("user", Kind.TEXT, "", "whose process it is", "ada"),
                _bytes("memory_used", "GPU memory that it uses", 6_442_450_944),
                Field(
                    "kind", Kind.TEXT, "", "compute, graphics, mps; or several with +", "compute"
                ),
                _count("started", "ms", "Unix time of the process' start", 1_767_222_000_000),
                _count("gpu_instance", "", "the GPU instance that it is on in MIG mode", 7),
            ),
        ),
        _count("more", "processes", "processes with less memory that are not listed", 0),
        _count("unresolved", "processes", "how many of those listed could not be looked up", 0),
        Field("note", Kind.TEXT, "", "why they could not, in one sentence", None),
    ),
    stored=False,
)

GPU_MIG = Family(
    "gpu_mig",
    f"{GPU.channel}/mig/{{n}}",
    "One instance of a GPU in MIG mode; {n} is NVML's index of it.",
    (
        _bytes("memory_used", "memory in use", 3_221_225_472, fixed=True),
        _bytes("memory_total", "memory of the instance", 10_468_982_784, fixed=True),
        Field("name", Kind.TEXT, "", "name with its profile", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"),
        Field("uuid", Kind.TEXT, "", "NVML's UUID", "MIG-2d3b5a4e-8c1f-5b7e-9a60-3f1c2d4e5b6a"),
        _count("gpu_instance", "", "id of the GPU instance, as nvidia-smi's GI", 7),
        _count("compute_instance", "", "id of the compute instance in it, nvidia-smi's CI", 0),
    ),
)

CPU = Family(
    "cpu",
    f"{ROOT}/cpu",
    "All cores of the machine.",
    (
        _number(
            "utilization", "%", "mean of all cores, time waiting for I/O is idle", 37.5, fixed=True
        ),
        Field("per_core", Kind.NUMBERS, "%", "utilization of each core", [35.0, 40.0], fixed=True),
        _number("frequency", "MHz", "mean current frequency of the cores", 3600.0),
        _number("frequency_max", "MHz", "highest frequency that the cores offer", 5000.0),
        Field("load_average", Kind.NUMBERS, "", "run queue over 1, 5 and 15 min", [1.2, 0.9, 0.7]),
        _pressure("pressure_some", "some task", "a CPU"),
    ),
)

MEMORY = Family(
    "memory",
    f"{ROOT}/memory",
    "RAM and swap.",
    (
        _bytes("ram_used", "total less available, as `free` counts it", 13_743_895_347, fixed=True),
        _bytes("ram_total", "RAM that the kernel manages", 17_179_869_184, fixed=True),
        _bytes("swap_used", "swap in use", 0, fixed=True),
        _bytes("swap_total", "swap configured", 2_147_483_648, fixed=True),
        _bytes("available", "what programs can still get without swapping", 3_435_973_837),
        _pressure("pressure_some", "some task", "memory"),
        _pressure("pressure_full", "every task", "memory"),
        _bytes("cgroup_limit", "this job's limit, where it is below ram_total", 8_589_934_592),
        _bytes(
            "cgroup_used", "charged against cgroup_limit, reclaimable cache apart", 4_294_967_296
        ),
    ),
)

_DISK_RATES = (
    _number("read_rate", "MB/s", "read from the device", 120.5, fixed=True),
    _number("write_rate", "MB/s", "written to the device", 48.2, fixed=True),
)

DISK = Family(
    "disk",
    f"{ROOT}/disk",
    "Physical disks; each byte counts once. 1 MB is 10^6 bytes.",
    (
        *_DISK_RATES,
        Field(
            "per_device",
            Kind.GROUPS,
            "MB/s",
            "the same for each disk",
            {"nvme0n1": {"read_rate": 120.5, "write_rate": 48.2}},
            members=_DISK_RATES,
        ),
    ),
)

_NETWORK_RATES = (
    _number("upload_rate", "MB/s", "sent", 1.8, fixed=True),
    _number("download_rate", "MB/s", "received", 24.6, fixed=True),
)

NETWORK = Family(
    "network",
    f"{ROOT}/network",
    "Network interfaces without loopback; each byte counts once. 1 MB is 10^6 bytes.",
    (
        *_NETWORK_RATES,
        Field(
            "per_interface",
            Kind.GROUPS,
            "MB/s",
            "the same for each interface",
            {"eth0": {"upload_rate": 1.8, "download_rate": 24.6}},
            members=_NETWORK_RATES,
        ),
    ),
)

FAMILIES = (GPU, GPU_PROCESSES, GPU_MIG, CPU, MEMORY, DISK, NETWORK)


def _pattern(family: Family) -> re.Pattern[str]:
    return re.compile(
        _PLACE.sub(lambda place: f"(?P<{place['name']}>{_PLACES[place['name']]})", family.channel)
    )


_SINGLE = {family.channel: family for family in FAMILIES if not family.several}
_SEVERAL = tuple((family, _pattern(family)) for family in FAMILIES if family.several)
_GPU_PATTERN = _pattern(GPU)


def gpu_channel(gpu: int) -> str:
    """Return the channel of the GPU with NVML's index ``gpu``."""
    return GPU.channel.format(id=gpu)


def processes_channel(gpu: int) -> str:
    """Return the channel of the processes on the GPU with NVML's index ``gpu``."""
    return GPU_PROCESSES.channel.format(id=gpu)


def mig_channel(gpu: int, instance: int) -> str:
    """Return the channel of a MIG instance, both by NVML's index."""
    return GPU_MIG.channel.format(id=gpu, n=instance)


def gpu_of(channel: str) -> str | None:
    """Return the GPU id that a GPU's ``channel`` names, or None for another family's channel."""
    match = _GPU_PATTERN.fullmatch(channel)
    return match["id"] if match else None


def family_of(channel: str) -> Family | None:
    """Return the family that ``channel`` belongs to, or None where it is no metric channel."""
    family, _ = _found(channel)
    return family


def place_of(channel: str) -> Mapping[str, str]:
    """Return what stands in the braces of its family's channel, such as ``{"id": "0"}``."""
    _, place = _found(channel)
    return place


def _found(channel: str) -> tuple[Family | None, Mapping[str, str]]:
    if channel in _SINGLE:
        return _SINGLE[channel], {}
    for family, pattern in _SEVERAL:
        if match := pattern.fullmatch(channel):
            return family, match.groupdict()
    return None, {}


def columns_of(family: Family, values: Mapping[str, object]) -> dict[str, float | int | None]:
    """Flatten a payload's numbers for the history.

    A list becomes ``per_core.0``, ``per_core.1``, …; an object becomes ``throttle_shares.gpu_idle``
    or ``per_device.sda.read_rate``. Texts and lists of objects are left out. Missing values are
    None.
    """
    columns: dict[str, float | int | None] = {}
    for field in family.fields:
        value = values.get(field.name)
        if field.kind in (Kind.NUMBER, Kind.INTEGER):
            columns[field.name] = value if isinstance(value, int | float) else None
        elif field.kind is Kind.NUMBERS and isinstance(value, list):
            columns |= {f"{field.name}.{index}": item for index, item in enumerate(value)}
        elif field.kind is Kind.NUMBERS_BY_NAME and isinstance(value, Mapping):
            columns |= {f"{field.name}.{key}": item for key, item in value.items()}
        elif field.kind is Kind.GROUPS and isinstance(value, Mapping):
            for key, group in value.items():
                for member in field.members:
                    columns[f"{field.name}.{key}.{member.name}"] = group.get(member.name)
    return columns
