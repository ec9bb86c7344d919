"""Made-up machines: what a collector would publish of them, at any time."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from telemetry.samples import Sample

GIB = 2**30
HOUR = 3_600_000  # ms
_STARTED = 5 * HOUR


@dataclass(frozen=True)
class Machine:
    """A host with GPUs that train, each a little later than the one before.

    ``changes`` replaces what a GPU reports, by its index; ``leak`` is the growth of the memory of
    the last GPU, in GiB/h, until now.
    """

    host: str
    gpus: int = 8
    busy: bool = True
    leak: float = 0.0
    interval: float = 60.0
    state: str = "online"
    changes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def samples(self, time: int, now: int) -> Iterator[Sample]:
        """Yield a sample of each channel that is charted."""
        yield Sample("system/cpu", self.host, time, self._cpu(time))
        memory = {"ram_used": int((180 + 9 * _wave(time, 900)) * GIB), "ram_total": 512 * GIB}
        pressure = {"pressure_some": 0.4, "pressure_full": 0.0}
        swap = {"swap_used": GIB // 2, "swap_total": 8 * GIB}
        yield Sample("system/memory", self.host, time, {**memory, **pressure, **swap})
        disk = {"read_rate": 480 + 400 * _wave(time, 75), "write_rate": 3 + 2 * _wave(time, 40)}
        yield Sample("system/disk", self.host, time, {**disk, "per_device": {"nvme0n1": disk}})
        network = {"download_rate": 24 + 8 * _wave(time, 50), "upload_rate": 0.3}
        per_interface = {"per_interface": {"eth0": network}}
        yield Sample("system/network", self.host, time, {**network, **per_interface})
        for gpu in range(self.gpus):
            values = self._gpu(gpu, time, now) | dict(self.changes.get(gpu, {}))
            yield Sample(f"system/gpu/{gpu}", self.host, time, values)

    def now(self, now: int) -> Iterator[Sample]:
        """Yield everything that is current: the status, the samples and the processes."""
        yield Sample("system/status", self.host, now, self._status(now))
        yield from self.samples(now, now)
        for gpu in range(self.gpus):
            listed = [_process(gpu, now)] if self.busy else []
            values = {"processes": listed, "more": 0, "unresolved": 0, "note": None}
            yield Sample(f"system/gpu/{gpu}/processes", self.host, now, values)

    def _cpu(self, time: int) -> dict[str, Any]:
        cores = [min(100, max(0, 42 + 38 * _wave(time, 60 + core, core))) for core in range(32)]
        mean = sum(cores) / len(cores)
        load = [0.3 * mean, 0.28 * mean, 0.26 * mean]
        speed = {"frequency": 3150, "frequency_max": 3800, "pressure_some": 1.2}
        return {"utilization": mean, "per_core": cores, "load_average": load, **speed}

    def _gpu(self, gpu: int, time: int, now: int) -> dict[str, Any]:
        load = 91 + 6 * _wave(time, 180, gpu) if self.busy else 0.0
        if self.busy and (time // 1000 + 40 * gpu) % 1200 < 60:
            load = 12.0  # a checkpoint
        used = (61 + gpu % 3) * GIB if self.busy else 0.5 * GIB
        if self.leak and gpu == self.gpus - 1:
            used = max(8 * GIB, 76 * GIB - self.leak * GIB * (now - time) / HOUR)
        return {
            "utilization": load,
            "temperature": 34 + 0.36 * load + gpu,
            "slowdown_temperature": 87,
            "temperature_margin": 53 - 0.36 * load - gpu,
            "memory_used": int(used),
            "memory_total": 80 * GIB,
            "memory_utilization": 0.6 * load,
            "power": 70 + 5.9 * load,
            "power_limit": 700,
            "sm_clock": 1980 if self.busy else 345,
            "name": "NVIDIA H100 80GB HBM3",
            "throttle_reasons": [] if self.busy else ["gpu_idle"],
            "throttle_shares": {},
            "ecc_errors_uncorrected_volatile": 0,
        }

    def _status(self, now: int) -> dict[str, Any]:
        driver = {"driver_version": "570.124"}
        gpu = {"state": "ok", "description": f"{self.gpus} × H100", "details": driver}  # noqa: RUF001 - the collector's
        none = {"state": "absent", "reason": "No NVIDIA driver was found on this machine."}
        others = {name: {"state": "ok"} for name in ("cpu", "memory", "disk", "network")}
        sensors = {**others, "gpu": gpu if self.gpus else none} if self.state == "online" else {}
        started = {"started": now - _STARTED, "version": "1.0"}
        return {"state": self.state, "interval": self.interval, "sensors": sensors, **started}


def _wave(time: int, period: float, shift: float = 0.0) -> float:
    return math.sin(2 * math.pi * (time / 1000 + 7 * shift) / period)


def _process(gpu: int, now: int) -> dict[str, Any]:
    command = f"torchrun train.py --rank {gpu}".split(" --", maxsplit=1)[0]
    times = {"started": now - _STARTED + 60_000, "kind": "compute"}
    return {"pid": 41200 + gpu, "command": command, "user": "ada", "memory_used": 60 * GIB, **times}
