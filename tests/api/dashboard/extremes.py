"""Samples of a large server whose values are as long, as short or as absent as they can be."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.services.embedded import Listener

HOST = "titan"
GPUS = 8
CORES = 224
GIB = 2**30
CALM: Mapping[str, Any] = {"throttle_reasons": [], "throttle_shares": {}}
THROTTLED: Mapping[str, Any] = {
    "throttle_reasons": ["sw_power_cap", "hw_thermal_slowdown"],
    "throttle_shares": {"sw_power_cap": 99.0, "hw_thermal_slowdown": 33.0},
}
_REASONS = [
    "applications_clocks",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    "sw_thermal_slowdown",
    "hw_thermal_slowdown",
    "hw_power_brake_slowdown",
    "display_clocks",
]
THROTTLED_BY_ALL: Mapping[str, Any] = {
    "throttle_reasons": _REASONS,
    "throttle_shares": dict.fromkeys(_REASONS, 99.0),
}
Extreme = Literal["highest", "lowest", "unknown"]


def publish(bus: Listener, extreme: Extreme, **of_each_gpu: object) -> None:
    """Publish a sample of each channel; those of GPU 0 are the last."""
    status = Sample("system/status", HOST, unix_milliseconds(), _STATUS)
    for each in [status, *samples(extreme, HOST, **(of_each_gpu or THROTTLED)).values()]:
        bus.publish(each.channel, each.payload())


def samples(extreme: Extreme, host: str, **of_each_gpu: object) -> dict[str, Sample]:
    """Return a sample of ``host`` for each channel."""
    now = unix_milliseconds()
    return {
        channel: Sample(channel, host, now, values)
        for channel, values in _values(extreme, of_each_gpu)
    }


def _values(
    extreme: Extreme, of_each_gpu: Mapping[str, object]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    change = {"highest": _same, "lowest": _zeros, "unknown": _absent}[extreme]
    yield "system/cpu", change(_CPU)
    yield "system/memory", _MEMORY | change(_MEMORY_IN_USE)
    yield "system/disk", {**change(_DISK), "per_device": {}}
    yield "system/network", {**change(_NETWORK), "per_interface": {}}
    yield "system/gpu/0/processes", {"processes": [_PROCESS] * 6, "more": 2}
    for gpu in reversed(range(GPUS)):
        total = (80 if gpu % 2 else 180) * GIB
        values = change({**_GPU, "memory_used": 97 * total // 100, "memory_total": total})
        yield f"system/gpu/{gpu}", {**values, **_OF_THE_CARD, **of_each_gpu}


def _same(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(values)


def _zeros(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [0.0] * len(value) if isinstance(value, list) else 0 for name, value in values.items()
    }


def _absent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [None] * len(value) if isinstance(value, list) else None
        for name, value in values.items()
    }


_STATUS = {"state": "online", "interval": 60, "sensors": {}}
_CPU = {
    "utilization": 100,
    "per_core": [100.0] * CORES,
    "frequency": 2450,
    "frequency_max": 3800,
    "load_average": [224.3, 198.1, 112.6],
    "pressure_some": 32.8,
}
# The limits stay: which lines and bars there are depends on them.
_MEMORY = {"ram_total": 2016 * GIB, "swap_total": 8 * GIB, "cgroup_limit": 1500 * GIB}
_MEMORY_IN_USE = {
    "ram_used": 1512 * GIB,
    "swap_used": 3 * GIB,
    "cgroup_used": 1350 * GIB,
    "pressure_some": 55.5,
}
_DISK = {"read_rate": 12345.6, "write_rate": 26543.2}
_NETWORK = {"download_rate": 48123.4, "upload_rate": 47980.1}
_GPU = {
    "utilization": 100,
    "temperature": 88,
    "power": 998,
    "power_limit": 1000,
    "sm_clock": 1965,
    "memory_utilization": 100,
    "temperature_margin": 2,
}
_OF_THE_CARD = {"ecc_errors_uncorrected_volatile": 1234, "name": "NVIDIA B200"}
_PROCESS = {
    "pid": 4194303,
    "command": "torchrun train_large_language_model_stage_two.py",
    "user": "firstname.lastname",
    "memory_used": 90 * GIB,
    "kind": "compute",
    "started": 0,
}
