"""The CPU time that a fleet's messages cost: ``python -m tests.benchmarks.fleet [--hosts 150 …]``.

Publishes what hosts with eight GPUs send, as collectors do, to Mosquitto, and prints the CPU time
of the ingester (with SQLite) and of the api for each message. Linux only. Fleets of several sizes
are compared at one rate of messages, with ``--rate``: by default each host sends every two seconds.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.catalogue import CPU, DISK, GPU, MEMORY, NETWORK, gpu_channel
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.benchmarks.figures import Figure, medians, print_table
from tests.benchmarks.footprint import cpu_seconds
from tests.benchmarks.ingest import broker, topic_of
from tests.deploy.monitor import running
from tests.services.processes import free_port

GPUS = 8
INTERVAL = 2.0
_WARM_UP_SECONDS = 5.0
_FAMILIES = {gpu_channel(each): GPU for each in range(GPUS)} | {
    family.channel: family for family in (CPU, MEMORY, DISK, NETWORK)
}


def tick(host: str) -> list[Sample]:
    """Return what ``host`` sends every two seconds."""
    now = unix_milliseconds()
    values = {
        channel: {field.name: field.example for field in family.fields}
        for channel, family in _FAMILIES.items()
    }
    return [Sample(channel, host, now, each) for channel, each in values.items()]


def publish(
    bus: BusConnection,
    hosts: int,
    seconds: float,
    tick: Callable[[str], list[Sample]] = tick,
    interval: float = INTERVAL,
) -> int:
    """Publish the ticks of ``hosts``, evenly spread; return the number of messages."""
    count, started = 0, time.monotonic()
    for number in range(int(hosts * seconds / interval)):
        time.sleep(max(0.0, started + number * interval / hosts - time.monotonic()))
        samples = tick(f"host-{number % hosts}")
        bus.publish_all([Publication(topic_of(s), s.payload(), retain=True) for s in samples])
        count += len(samples)
    return count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[150])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rate", type=float, help="messages a second, for each fleet")
    options = parser.parse_args()
    for hosts in options.hosts:
        interval = hosts * len(_FAMILIES) / options.rate if options.rate else INTERVAL
        print_table(figures(options.rounds, hosts, options.seconds, interval))


def figures(
    rounds: int, hosts: int = 150, seconds: float = 20, interval: float = INTERVAL
) -> Iterator[Figure]:
    """Yield the medians of ``rounds`` fleets."""
    ingester, api = medians([measure(hosts, seconds, interval) for _ in range(rounds)])
    fleet = f"{hosts} hosts with {GPUS} GPUs"
    title = f"{fleet}: the ingester's CPU time per message"
    yield Figure(title, ingester, "ms", "≤ 0.08 ms")
    yield Figure(f"{fleet}: the api's CPU time per message", api, "ms", "≤ 0.06 ms")


def measure(hosts: int, seconds: float, interval: float = INTERVAL) -> list[float]:
    """Return the CPU time in ms that a message costs the ingester, and the api."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(broker(folder))
        common = ["--mqtt-url", f"mqtt://127.0.0.1:{port}", "--topic-prefix", "fleet/{host}"]
        common += ["--data-dir", str(folder / "data")]
        own_port = ("--http-port", str(free_port()))
        parts = [
            stack.enter_context(running(folder, "ingester", *common)),
            stack.enter_context(running(folder, "api", *common, *own_port)),
        ]
        bus = BusConnection(BrokerAddress("127.0.0.1", port), "benchmark")
        bus.start()
        stack.callback(bus.stop)
        publish(bus, hosts, max(_WARM_UP_SECONDS, interval), interval=interval)
        before = [cpu_seconds(part.process.pid) for part in parts]
        count = publish(bus, hosts, seconds, interval=interval)
        time.sleep(1)  # until they have processed the last
        after = [cpu_seconds(part.process.pid) for part in parts]
    return [(end - start) / count * 1000 for start, end in zip(before, after, strict=True)]


if __name__ == "__main__":
    main()
