"""The output of ``nvidia-smi --query-gpu`` by our fields, to compare with our readings."""

import csv
import math
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

MEBIBYTE = 1024 * 1024
_NAME = re.compile(r'"([a-z0-9_.]+)"')

Value = float | str | None


class Compared(NamedTuple):
    """One of our fields, and its names in ``nvidia-smi``, that of newer drivers first.

    ``tolerance``, in our unit, is how much the two values may differ, since they are read at
    different moments; infinite for a value that changes when an idle GPU is queried.
    """

    field: str
    names: tuple[str, ...]
    convert: Callable[[str], float | str] = float
    tolerance: float = 0.0


def _mebibytes(text: str) -> float:
    return float(text) * MEBIBYTE


def _yes(text: str) -> float:
    return float(text.lower() == "yes")


COMPARED = (
    Compared("name", ("name",), str),
    Compared("uuid", ("uuid",), str),
    Compared("pci_bus_id", ("pci.bus_id",), str),
    Compared("compute_mode", ("compute_mode",), str.lower),
    Compared("utilization", ("utilization.gpu",), tolerance=25),
    Compared("memory_utilization", ("utilization.memory",), tolerance=25),
    Compared("memory_used", ("memory.used",), _mebibytes, 512 * MEBIBYTE),
    Compared("memory_total", ("memory.total",), _mebibytes, MEBIBYTE),
    Compared("temperature", ("temperature.gpu",), tolerance=5),
    Compared("memory_temperature", ("temperature.memory",), tolerance=5),
    Compared("temperature_margin", ("temperature.gpu.tlimit",), tolerance=5),
    Compared("power", ("power.draw.instant", "power.draw"), tolerance=100),
    Compared("power_limit", ("enforced.power.limit",), tolerance=0.01),
    Compared("sm_clock", ("clocks.sm",), tolerance=math.inf),
    Compared("memory_clock", ("clocks.mem",), tolerance=math.inf),
    Compared("fan_speed", ("fan.speed",), tolerance=10),
    Compared("performance_state", ("pstate",), lambda text: float(text[1:]), math.inf),
    Compared(
        "pcie_generation",
        ("pcie.link.gen.gpucurrent", "pcie.link.gen.current"),
        tolerance=math.inf,
    ),
    Compared("pcie_width", ("pcie.link.width.current",)),
    Compared("ecc_errors_corrected", ("ecc.errors.corrected.aggregate.total",)),
    Compared("ecc_errors_uncorrected", ("ecc.errors.uncorrected.aggregate.total",)),
    Compared("ecc_errors_uncorrected_volatile", ("ecc.errors.uncorrected.volatile.total",)),
    Compared("retirement_pending", ("retired_pages.pending",), _yes),
)


class Reported(NamedTuple):
    """A field's name in ``nvidia-smi``, and its value in our unit, None for N/A."""

    name: str
    value: Value


def query() -> list[dict[str, Reported]]:
    """Return its values of each GPU, by our fields; a field that it does not know is omitted.

    Raises CalledProcessError if there is no GPU.
    """
    known = set(_NAME.findall(_output("--help-query-gpu")))
    asked = list(_asked(known))
    table = _output(
        f"--query-gpu={','.join(name for _, name in asked)}", "--format=csv,noheader,nounits"
    )
    return [
        {
            compared.field: Reported(name, _value(compared, cell))
            for (compared, name), cell in zip(asked, row, strict=True)
        }
        for row in csv.reader(table.splitlines(), skipinitialspace=True)
    ]


def processes() -> dict[int, float]:
    """Return the memory of each process that computes on a GPU, in bytes, by process ID.

    A container without the host's process IDs shows none, or other IDs.
    """
    table = _output("--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
    rows = csv.reader(table.splitlines(), skipinitialspace=True)
    found: dict[int, float] = {}
    for pid, memory in rows:
        known = 0.0 if memory.startswith("[") else _mebibytes(memory)
        found[int(pid)] = found.get(int(pid), 0.0) + known
    return found


def driver_version() -> str:
    """Return the driver's version, as ``nvidia-smi`` reports it."""
    return _output("--query-gpu=driver_version", "--format=csv,noheader").splitlines()[0].strip()


def agrees(compared: Compared, ours: object, theirs: Value, reading: Mapping[str, object]) -> bool:
    """Return whether ``ours`` and ``theirs`` agree within the tolerance."""
    if theirs is None:
        # These have a value from elsewhere if nvidia-smi reports N/A.
        unified = reading["memory_kind"] == "unified" and compared.field.startswith("memory_")
        return ours is None or unified or compared.field == "temperature_margin"
    if isinstance(theirs, str) or not isinstance(ours, int | float):
        return ours == theirs
    return abs(ours - theirs) <= compared.tolerance


def _asked(known: set[str]) -> Iterator[tuple[Compared, str]]:
    for compared in COMPARED:
        name = next((name for name in compared.names if name in known), None)
        if name is not None:
            yield compared, name


def _value(compared: Compared, cell: str) -> Value:
    # [N/A], [Not Supported], [Unknown Error], N/A
    return None if cell.startswith("[") or cell in ("", "N/A") else compared.convert(cell)


def _output(*arguments: str) -> str:
    return subprocess.run(
        ["nvidia-smi", *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout
