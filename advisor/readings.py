"""Converts samples and statuses into readings, the input of the detectors.

A channel's family and device are looked up once for all detectors.
"""

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
    the device, such as ``gpu0`` or ``gpu0-mig1``, or ``host`` if the channel does not belong to a
    GPU. ``timestamp`` is in Unix milliseconds. ``values`` are the fields of the sample or of the
    status.

    The analysis adds two more families, whose readings come from no channel:

    - ``silence`` describes a collector that is offline. ``seconds`` is how long it has been
      offline. ``stopped`` is true if the collector reported that it stopped, and false if the
      broker published the collector's last will.
    - ``clock`` has one of two values: ``offset``, the seconds by which the host's clock is ahead of
      other clocks, or ``set_back``, the milliseconds by which the host's clock was set back.
    """

    host: str
    timestamp: int
    family: str
    subject: str
    values: Mapping[str, Any]


def device_name(subject: str) -> str:
    """Return ``subject`` as the start of a sentence, such as ``GPU 0, MIG instance 1``."""
    name = subject.replace("gpu", "GPU ").replace("-mig", ", MIG instance ")
    return name[0].upper() + name[1:]


def process_name(process: Mapping[str, Any]) -> str:
    """Return what messages call a process: its command, else its name, else ``a process``."""
    return process.get("command") or process.get("name") or "a process"


def duration(low: float, high: float) -> str:
    """Return the range from ``low`` to ``high`` seconds as text, such as ``40 to 55 min``."""
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
