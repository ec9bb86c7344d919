"""What the advisor costs: ``python -m tests.benchmarks.advisor [--hosts 200] [--seconds 30]``.

Publishes to Mosquitto what hosts send every two seconds: samples of each GPU, of its processes, and
of the machine. Prints the CPU time of ``system-monitor advisor`` for each sample, with all its work
(MQTT, decoding, detectors), its share of a core, and its memory (PSS): for one host with one GPU,
and for a fleet with eight each. Linux only. The machine should be idle.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psutil

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.catalogue import (
    CPU,
    DISK,
    GPU,
    GPU_PROCESSES,
    MEMORY,
    NETWORK,
    Family,
    gpu_channel,
    processes_channel,
)
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.benchmarks.figures import Figure, medians, print_table
from tests.benchmarks.fleet import publish
from tests.benchmarks.footprint import cpu_seconds
from tests.benchmarks.ingest import broker
from tests.deploy.monitor import running

_WARM_UP_SECONDS = 20.0  # in which the past of each host is read
_MEBIBYTE = 1024 * 1024
_GB = 10**9
_MACHINE = (CPU, MEMORY, DISK, NETWORK)


def tick(host: str, gpus: int) -> list[Sample]:
    """Return what ``host`` sends every two seconds, while its GPUs work."""
    now = unix_milliseconds()
    used = 40 * _GB + now % 1009 * 10**6
    busy = {"utilization": 90.0 + now % 7, "memory_used": used, "memory_total": 80 * _GB}
    gpu = {**busy, "throttle_reasons": ["sw_power_cap"] if now % 2 else []}
    own: dict[Family, dict[str, object]] = {
        GPU: gpu,
        MEMORY: {"ram_used": used, "ram_total": 256 * _GB},
    }
    channels = {gpu_channel(each): GPU for each in range(gpus)}
    channels |= {processes_channel(each): GPU_PROCESSES for each in range(gpus)}
    channels |= {family.channel: family for family in _MACHINE}
    return [
        Sample(
            channel,
            host,
            now,
            {field.name: field.example for field in family.fields} | own.get(family, {}),
        )
        for channel, family in channels.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    print_table(figures(1, options.hosts, options.seconds))


def figures(rounds: int, hosts: int = 200, seconds: float = 30) -> Iterator[Figure]:
    """Yield the medians of ``rounds`` runs with one host, and of as many with a fleet."""
    for number, gpus in ((1, 1), (hosts, 8)):
        rows = [measure(number, gpus, seconds) for _ in range(rounds)]
        sample, share, memory = medians(rows)
        who = "1 host with 1 GPU" if number == 1 else f"{number} hosts with {gpus} GPUs"
        of_core = "≤ 0.05%" if number == 1 else ""
        aim = "" if number == 1 else "≤ 30 µs"
        yield Figure(f"advisor, {who}: CPU time per sample", sample, "µs", aim)
        yield Figure(f"advisor, {who}: share of a core", share, "%", of_core)
        yield Figure(f"advisor, {who}: memory", memory, "MiB")


def measure(hosts: int, gpus: int, seconds: float) -> list[float]:
    """Return the CPU time in µs for a sample, the share of a core in %, and the memory in MiB."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(broker(folder))
        options = ["--mqtt-url", f"mqtt://127.0.0.1:{port}", "--topic-prefix", "fleet/{host}"]
        options += ["--data-dir", str(folder / "data")]
        advisor = stack.enter_context(running(folder, "advisor", *options)).process
        bus = BusConnection(BrokerAddress("127.0.0.1", port), "load")
        stack.callback(bus.stop)
        bus.start()
        if not bus.wait_connected(10):
            raise TimeoutError("Mosquitto does not answer")
        publish(bus, hosts, _WARM_UP_SECONDS, partial(tick, gpus=gpus))
        before = cpu_seconds(advisor.pid)
        count = publish(bus, hosts, seconds, partial(tick, gpus=gpus))
        used = cpu_seconds(advisor.pid) - before
        memory = psutil.Process(advisor.pid).memory_full_info().pss / _MEBIBYTE
    return [1e6 * used / count, 100 * used / seconds, memory]


if __name__ == "__main__":
    main()
