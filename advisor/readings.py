"""What detectors read: a sample or a status, with its place in the catalogue looked up once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from telemetry.catalogue import family_of, place_of
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

# The fields of samples that detectors read; the advisor decodes only these.
FIELDS = frozenset(
    {
        *("utilization", "memory_used", "memory_total", "memory_kind", "name", "power"),
        "power_average",
        *("temperature", "sm_clock", "throttle_reasons"),
        *("ecc_errors_uncorrected", "ecc_errors_uncorrected_volatile"),
        *("remapping_pending", "retirement_pending"),
        *("pcie_generation", "pcie_width", "pcie_rx_rate"),
        *("processes", "per_core"),
        *("ram_used", "ram_total", "cgroup_used", "cgroup_limit", "runs"),
        *("pressure_some", "pressure_full", "swap_in_rate", "swap_out_rate", "oom_kills"),
        *("read_rate", "filesystems", "download_rate"),
    }
)


class Reading(NamedTuple):
    """One reading of a host.

    ``family`` is the name of the channel's family in the catalogue, or ``status``. ``subject`` is
    the device: ``gpu0``, ``gpu0-mig1``; ``host`` if the channel does not belong to a device.
    ``timestamp`` is in Unix milliseconds. ``values`` follow the catalogue; for a status, they are
    its fields.

    What the analysis itself notices is a reading too: ``silence`` (``seconds`` without anything
    from a collector that is offline; ``stopped``: it was not lost) and ``clock`` (``offset`` in
    seconds from other clocks, or ``set_back`` by milliseconds).
    """

    host: str
    timestamp: int
    family: str
    subject: str
    values: Mapping[str, Any]


def device_name(subject: str) -> str:
    """Return ``subject`` as the start of a sentence: ``GPU 0, MIG instance 1``, or ``Host``."""
    name = subject.replace("gpu", "GPU ").replace("-mig", ", MIG instance ")
    return name[0].upper() + name[1:]


def process_name(process: Mapping[str, Any]) -> str:
    """Return the name of a process for users: its command, otherwise its name."""
    return process.get("command") or process.get("name") or "a process"


def duration(low: float, high: float) -> str:
    """Return a span of seconds as text: ``40 to 55 min``."""
    if high < 2 * 3600:
        return f"{low / 60:.0f} to {high / 60:.0f} min"
    return f"{low / 3600:.1f} to {high / 3600:.1f} h"


def reading_of(content: Sample | CollectorStatus) -> Reading:
    """Return the reading that detectors get for ``content``."""
    if isinstance(content, CollectorStatus):
        fields = {name: getattr(content, name) for name in CollectorStatus.__slots__}
        return Reading(content.host, content.timestamp, "status", "host", fields)
    family, subject = _place(content.channel)
    return Reading(content.host, content.timestamp, family, subject, content.values)


@lru_cache(maxsize=4096)
def _place(channel: str) -> tuple[str, str]:
    family, place = family_of(channel), place_of(channel)
    subject = f"gpu{place['id']}" if "id" in place else "host"
    return family.name if family else "", f"{subject}-mig{place['n']}" if "n" in place else subject
