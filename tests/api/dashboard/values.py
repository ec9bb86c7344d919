"""The expected texts of the page for an answer of REST, computed independently."""

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DASH = "–"  # noqa: RUF001 - the page's dash
_MOST_CORES_WITH_TEXT = 16
_GIBIBYTE = 2**30
_LEAST_MEGABYTE = 0.9995  # what rounds to 1.00 MB/s
_MEGAHERTZ_IN_GIGAHERTZ = 1000


def expected_texts(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of the panels by test id, for a host whose first GPU is selected."""
    cpu, memory = metrics["cpu"], metrics["memory"]
    disk, network = metrics["disk"] or {}, metrics["network"] or {}
    texts = {
        "cpu-value": percent(cpu["utilization"]),
        "cpu-frequency": _frequencies(cpu["frequency"], cpu["frequency_max"]),
        "ram-percent": percent(100 * memory["ram_used"] / memory["ram_total"]),
        "disk-read": _rate(disk.get("read_rate")),
        "disk-write": _rate(disk.get("write_rate")),
        "net-down": _rate(network.get("download_rate")),
        "net-up": _rate(network.get("upload_rate")),
    }
    if memory["swap_total"]:
        texts["swap-percent"] = percent(100 * memory["swap_used"] / memory["swap_total"])
    if len(cpu["per_core"]) <= _MOST_CORES_WITH_TEXT:
        cores = [f"Core {core}: {percent(value)}" for core, value in enumerate(cpu["per_core"])]
        texts["core-bars"] = "".join(cores)
    for gpu in metrics["gpu"]:
        share = percent(100 * gpu["memory_used"] / gpu["memory_total"])
        sizes = f"{_gibibytes(gpu['memory_used'])} / {_gibibytes(gpu['memory_total'])} GiB"
        texts[f"gpu-memory-{gpu['id']}"] = f"GPU {gpu['id']}{sizes} {share}"
        texts[f"gpu-{gpu['id']}-utilization"] = percent(gpu["utilization"])
        limit = f" / {degrees(gpu['slowdown_temperature'])}"
        texts[f"gpu-{gpu['id']}-temperature"] = degrees(gpu["temperature"]) + limit
        power, cap = (math.floor(gpu[name] + 0.5) for name in ("power", "power_limit"))
        texts[f"gpu-{gpu['id']}-power"] = f"{power} / {cap} W"
    if metrics["gpu"]:
        texts |= _selected_gpu(metrics["gpu"][0])
    return texts


def percent(value: float | None) -> str:
    """Return a share as the page writes it."""
    return DASH if value is None else f"{math.floor(value + 0.5)}%"


def degrees(value: float | None) -> str:
    """Return a temperature as the page writes it."""
    return DASH if value is None else f"{math.floor(value + 0.5)}°"


def _selected_gpu(gpu: Mapping[str, Any]) -> dict[str, str]:
    return {
        "gpu-now": f"Util: {percent(gpu['utilization'])} | Temp: {degrees(gpu['temperature'])}",
        "gpu-name": f"GPU {gpu['id']} {gpu['name']}",
    }


def _frequencies(now: float | None, highest: float | None) -> str:
    return _frequency(now) + ("" if highest is None else f" / {_frequency(highest)}")


def _frequency(value: float | None) -> str:
    if value is None:
        return DASH
    if value < _MEGAHERTZ_IN_GIGAHERTZ:
        return f"{math.floor(value + 0.5)} MHz"
    return f"{_fixed(value / _MEGAHERTZ_IN_GIGAHERTZ, 2)} GHz"


def _rate(value: float | None) -> str:
    """Return a rate, which is given in MB/s, below 1000 MB/s."""
    if value is None:
        return DASH
    if value < _LEAST_MEGABYTE:
        number = 1000 * value
        return f"{_fixed(number, 0 if number >= 100 or number == 0 else 1)} kB/s"
    return f"{_fixed(value, 0 if value >= 100 else 1 if value >= 10 else 2)} MB/s"


def _gibibytes(value: float) -> str:
    return _fixed(value / _GIBIBYTE, 1)


def _fixed(value: float, digits: int) -> str:
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
