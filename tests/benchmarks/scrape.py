"""What a scrape of `/metrics` costs: ``python -m tests.benchmarks.scrape [--hosts 200]``.

An API knows a fleet of hosts with eight GPUs, 64 cores, four disks and two interfaces each.
Prints the size of the response, the time and the CPU time of a scrape (client included), and how
long other clients wait for `/healthz` during scrapes, and without them.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.catalogue import SAMPLES, family_of
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.running import SECONDS, RunningApi, every_family, running_api, status
from tests.services.processes import free_port

_GPUS = 8
_GZIP = {"Accept-Encoding": "gzip"}
_PLAIN = {"Accept-Encoding": "identity"}


def fleet(hosts: int) -> Iterator[Sample]:
    """Yield a sample of each channel of each host."""
    examples = {family_of(each.channel): each for each in every_family()}
    more: dict[str, dict[str, Any]] = {
        "cpu": {"per_core": [12.5 + each for each in range(64)]},
        "disk": {"per_device": {f"nvme{each}n1": _rates("read", "write") for each in range(4)}},
        "network": {"per_interface": {f"eth{each}": _rates("upload", "download") for each in "01"}},
    }
    for host in range(hosts):
        for family in SAMPLES:
            values = {**examples[family].values, **more.get(family.name, {})}
            if family.name == "gpu_mig":
                continue
            for gpu in range(_GPUS if family.several else 1):
                values |= {"uuid": f"GPU-{host:08x}-{gpu:04x}"} if family.name == "gpu" else {}
                channel = family.channel.format(id=gpu)
                yield Sample(channel, f"node-{host:04d}", unix_milliseconds(), dict(values))


def _rates(*names: str) -> dict[str, float]:
    return {f"{name}_rate": 12.345 for name in names}


def scrape(api: RunningApi, headers: dict[str, str], scrapes: int) -> str:
    """Return the figures of ``scrapes`` scrapes as cells of a table."""
    size, lines, times = 0, 0, []
    cpu = time.process_time()
    for _ in range(scrapes):
        start = time.perf_counter()
        with api.client.stream("GET", "/metrics", headers=headers) as answer:
            body = b"".join(answer.iter_raw())
        times.append(1000 * (time.perf_counter() - start))
        size = len(body)
        lines = body.count(b"\n")
    cpu = (time.process_time() - cpu) / scrapes * 1000
    series = f"{lines:,} lines, " if headers is _PLAIN else ""
    return f"{series}{size / 1e6:.1f} MB | {median(times):.0f} ms | {cpu:.0f} ms"


def waits(api: RunningApi, during: Callable[[], None]) -> str:
    """Return how long `/healthz` takes while ``during`` runs."""
    thread = threading.Thread(target=during)
    thread.start()
    times = []
    while thread.is_alive():
        start = time.perf_counter()
        api.get("/healthz")
        times.append(1000 * (time.perf_counter() - start))
        time.sleep(0.005)
    return f"p50 {median(times):.1f} ms, p99 {quantiles(times, n=100)[98]:.1f} ms"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--scrapes", type=int, default=10)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = EmbeddedBroker("127.0.0.1", free_port())
        broker.start()
        stack.callback(broker.stop)
        bus = BusConnection(BrokerAddress(broker.host, broker.port), "scrape")
        bus.start()
        stack.callback(bus.stop)
        assert bus.wait_connected(SECONDS)
        api = stack.enter_context(running_api(bus, folder, topic_prefix="fleet/{host}"))
        hosts = [f"node-{each:04d}" for each in range(options.hosts)]
        api.feed(*(status(host, interval=60.0) for host in hosts))
        api.feed(*fleet(options.hosts))
        print("| | size | time | CPU time, client included |\n| --- | --- | --- | --- |")
        print(f"| plain | {scrape(api, _PLAIN, options.scrapes)} |")
        print(f"| gzip, as Prometheus asks for | {scrape(api, _GZIP, options.scrapes)} |")
        print(f"| gzip, one host | {_one(api, hosts[0], options.scrapes)} |")
        print(f"\n/healthz during scrapes: {waits(api, lambda: _all(api, options.scrapes))}")
        print(f"/healthz without them: {waits(api, lambda: time.sleep(2))}")


def _all(api: RunningApi, scrapes: int) -> None:
    scrape(api, _GZIP, scrapes)


def _one(api: RunningApi, host: str, scrapes: int) -> str:
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(scrapes):
        size = int(api.get("/metrics", host=host).headers["content-length"])
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    return (
        f"{size / 1000:.1f} kB | {elapsed / scrapes * 1000:.1f} ms | {cpu / scrapes * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
