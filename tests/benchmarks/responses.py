"""The speed of the API's responses: ``python -m tests.benchmarks.responses [--requests 300]``.

Serves an hour of samples of one host from SQLite, and sends one request after the other on a
keep-alive connection, as a script or a scraper does. Prints the median time of a response, the
responses per second, the CPU time of one in the server and this client together, and its size.

Then compares the newest values with the least that FastAPI can do: an app whose only route returns
bytes of the same size, on uvicorn with h11. One client, and then 16 connections at once (with wrk,
if it is on PATH), send requests to each in turn. Prints the medians of several rounds.
"""

import argparse
import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from subprocess import PIPE

import psutil
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from tests.api.running import SECONDS, RunningApi, every_family, running_api, status
from tests.benchmarks.figures import Figure, medians, print_table
from tests.benchmarks.requests import latency, throughput
from tests.services.processes import free_port, wait_until

_INTERVAL = 2_000
_HOUR = 3_600_000
_NEWEST = "/api/v1/system/metrics"
_CONNECTIONS = 16
_SECONDS = 2
_PATHS = (
    *("/healthz", "/readyz", _NEWEST, "/api/v1/system/hosts"),
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
    return f"{median(times):.2f} ms | {rate:.0f} | {cpu:.2f} ms | {size / 1000:.1f} kB"


@contextmanager
def bare_app(body: bytes) -> Iterator[tuple[int, psutil.Process]]:
    """Serve ``body`` from a process of its own; yield the port and the process."""
    port = free_port()
    command = [sys.executable, "-m", __spec__.name, "bare", str(port)]
    with subprocess.Popen(command, stdin=PIPE) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(body)
            process.stdin.close()
            wait_until(lambda: _listens(port), "it listens", SECONDS)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def serve_bare(port: int, body: bytes) -> None:
    """Serve ``body`` with as little as possible until the process ends."""
    app = FastAPI()

    @app.get(_NEWEST)
    async def newest() -> Response:
        return Response(body, media_type="application/json")

    uvicorn.run(app, port=port, http="h11", loop="asyncio", access_log=False, log_config=None)


def measured(port: int, process: psutil.Process, encoding: str) -> tuple[float, float, float]:
    """Return the time of a response in ms, how many come in a second, and the CPU time of one."""
    single = latency(port, _NEWEST, encoding, 1)
    before = sum(process.cpu_times()[:2])
    rate = throughput(port, _NEWEST, encoding, _CONNECTIONS, _SECONDS)
    cpu = (sum(process.cpu_times()[:2]) - before) / (rate * _SECONDS)
    return single, rate, cpu * 1000


def compare(api: RunningApi, rounds: int) -> Iterator[Figure]:
    """Yield the figures of the newest values beside those of the bare app."""
    for encoding in ("identity", "gzip"):
        with api.client.stream("GET", _NEWEST, headers={"Accept-Encoding": encoding}) as response:
            body = b"".join(response.iter_raw())
        with bare_app(body) as (port, process):
            servers = (api.server.port, psutil.Process()), (port, process)
            results = [[measured(*each, encoding) for each in servers] for _ in range(rounds)]
        ours, bare = (medians(rows) for rows in zip(*results, strict=True))
        coding = "uncompressed" if encoding == "identity" else encoding
        size = f"`{_NEWEST}`, {coding}, {len(body) / 1000:.1f} kB"
        for what, index, unit, aim in (
            ("response time, one client", 0, "ms", "ratio ≤ 1.5"),
            (f"{_CONNECTIONS} connections", 1, "responses/s", "ratio ≥ 1.0"),
            ("CPU time per response", 2, "ms", ""),
        ):
            yield Figure(f"{size}: {what}", ours[index], unit, aim, "bare app", bare[index])


@contextmanager
def busy_api() -> Iterator[RunningApi]:
    """Run an API with an hour of samples of one host."""
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
        yield api
    bus.stop()
    broker.stop()


def figures(rounds: int) -> Iterator[Figure]:
    """Yield the comparison with the bare app."""
    with busy_api() as api:
        yield from compare(api, rounds)


def main() -> None:
    """Measure and print the tables, or be the bare app."""
    if sys.argv[1:2] == ["bare"]:
        serve_bare(int(sys.argv[2]), sys.stdin.buffer.read())
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="how many of each")
    parser.add_argument("--rounds", type=int, default=5, help="of the comparison")
    options = parser.parse_args()
    with busy_api() as api:
        print("| response | median | a second | CPU | size |\n| --- | --- | --- | --- | --- |")
        for path in _PATHS:
            count = options.requests if "history" not in path else max(1, options.requests // 20)
            for encoding in ("identity", "gzip"):
                cells = measure(api, path, {"Accept-Encoding": encoding}, count)
                print(f"| {path}, {encoding} | {cells} |", flush=True)
        print_table(compare(api, options.rounds))


if __name__ == "__main__":
    main()
