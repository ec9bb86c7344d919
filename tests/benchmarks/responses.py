"""The speed of the API's responses: ``python -m tests.benchmarks.responses [--requests 300]``.

Serves an hour of samples of one host from SQLite, and sends one request after the other on a
keep-alive connection, as a script or a scraper does. Prints the median time of a response, the
responses per second, the CPU time of one in the server and this client together, and its size.
"""

import argparse
import http.client
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from tests.api.running import SECONDS, RunningApi, every_family, running_api, status
from tests.services.processes import free_port

_INTERVAL = 2_000
_HOUR = 3_600_000
_PATHS = (
    *("/healthz", "/readyz", "/api/v1/system/metrics", "/api/v1/system/hosts"),
    *("/api/v1/system/history", "/api/v1/system/history?max_points=5000"),
)


def measure(api: RunningApi, path: str, headers: dict[str, str], requests: int) -> str:
    """Return the figures of ``requests`` responses as cells of a table."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=SECONDS)
    times: list[float] = []
    size = 0
    cpu = time.process_time()
    for _ in range(requests):
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        size = len(connection.getresponse().read())
        times.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - cpu) / requests * 1000
    connection.close()
    rate = 1000 * requests / sum(times)
    return f"{statistics.median(times):.2f} ms | {rate:.0f} | {cpu:.2f} ms | {size / 1000:.1f} kB"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="how many of each")
    requests = parser.parse_args().requests
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    bus = BusConnection(BrokerAddress(broker.host, broker.port), "benchmark")
    bus.start()
    bus.wait_connected(SECONDS)
    with tempfile.TemporaryDirectory() as folder, running_api(bus, Path(folder)) as api:
        samples = every_family()
        api.feed(*samples, status())
        for age in range(0, _HOUR, _INTERVAL):
            api.store(*(replace(each, timestamp=each.timestamp - age) for each in samples))
        print("| response | median | a second | CPU | size |\n| --- | --- | --- | --- | --- |")
        for path in _PATHS:
            count = requests if "history" not in path else max(1, requests // 20)
            for encoding in ("identity", "gzip"):
                figures = measure(api, path, {"Accept-Encoding": encoding}, count)
                print(f"| {path}, {encoding} | {figures} |", flush=True)
    bus.stop()
    broker.stop()


if __name__ == "__main__":
    main()
