"""The cost of the live stream, compared with the simplest WebSocket server that uvicorn can run.

``python -m tests.benchmarks.live [--clients 500] [--seconds 5] [--rounds 3]`` prints a table of
medians. Each round measures all of them. A sample is published 20 times a second. The server's CPU
time is per 100,000 deliveries, and relative to the simplest server; a delivery takes from the
sample's timestamp until the client's process has read it. Ours passes a broker on that way.

The simplest server (`plain`) sends the same text to each client in turn, with `send_text`.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from deploy import open_files
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.running import SECONDS, cpu
from tests.api.streams import OPENING, WS
from tests.benchmarks.figures import Figure, medians, print_table
from tests.deploy.monitor import running
from tests.services.processes import free_port, wait_until

PER_SECOND = 20
MOST_FILTERS = 64
_TIMESTAMP = re.compile(rb'"timestamp":(\d+)')


class Reader(asyncio.Protocol):
    """A client that notes the delay of each delivery, in milliseconds.

    ``started`` is set with its first delivery.
    """

    def __init__(self, path: str, delays: list[int]) -> None:
        self.started = asyncio.Event()
        self._opening = OPENING.replace(WS.encode(), path.encode(), 1) + b"\r\n"
        self._delays = delays

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        now = unix_milliseconds()
        if delays := [now - int(sent) for sent in _TIMESTAMP.findall(data)]:
            self.started.set()
            self._delays += delays

    def connection_lost(self, exc: Exception | None) -> None:
        sys.exit(f"A client was disconnected: {exc}")


def path_of(client: int, filters: int) -> str:
    """Return a path that subscribes to the CPU and to ``filters`` - 1 GPUs that do not exist."""
    others = ((client * MOST_FILTERS + each) % 10_000 for each in range(filters - 1))
    return f"{WS}?channels={','.join([*(f'system/gpu/{each}' for each in others), 'system/cpu'])}"


async def read(port: int, clients: int, filters: int, seconds: float) -> None:
    """Connect ``clients``, and print their deliveries, the median and the 99th percentile."""
    delays: list[int] = []
    loop = asyncio.get_running_loop()
    readers = [Reader(path_of(number, filters), delays) for number in range(clients)]
    for each in readers:
        await loop.create_connection(lambda each=each: each, "127.0.0.1", port)  # type: ignore[misc]
    for each in readers:
        await each.started.wait()
    await asyncio.sleep(1)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    delays.clear()
    await asyncio.sleep(seconds)
    cut = statistics.quantiles(delays, n=100)
    print(len(delays), cut[49], cut[98], flush=True)
    os._exit(0)


class Figures(NamedTuple):
    """CPU seconds per 100,000 deliveries; the median and the 99th percentile in milliseconds."""

    cpu: float
    median: float
    high: float


def measure(server: psutil.Process, port: int, options: argparse.Namespace) -> Figures:
    """Measure ``server``, whose clients run in a process of their own."""
    arguments = [str(port), str(options.clients), str(options.filters), str(options.seconds)]
    command = [sys.executable, "-m", __spec__.name, "read", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        before = sum(server.cpu_times()[:2])
        process.stdin.write("\n")
        process.stdin.flush()
        count, median, high = map(float, process.stdout.readline().split())
        used = sum(server.cpu_times()[:2]) - before
    return Figures(used / count * 100_000, median, high)


@contextmanager
def publishing(bus: BusConnection) -> Iterator[None]:
    """Publish samples of the CPU from a process of its own."""
    command = [sys.executable, "-m", __spec__.name, "publish", str(bus.address.port)]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.terminate()


def publish(port: int) -> None:
    """Publish samples until the process ends."""
    bus = BusConnection(BrokerAddress("127.0.0.1", port), "benchmark")
    bus.start()
    while True:
        bus.publish(Publication("system/cpu", sample().payload(), retain=True))
        time.sleep(1 / PER_SECOND)


def sample() -> Sample:
    return cpu(per_core=[float(core) for core in range(16)])


def measure_ours(options: argparse.Namespace) -> Figures:
    """Measure an ``api`` with an embedded broker."""
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    bus = BusConnection(BrokerAddress(broker.host, broker.port), "probe")
    try:
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"]
            arguments += ["--http-port", str(free_port()), "--data-dir", folder]
            with running(Path(folder), "api", *arguments) as monitor, publishing(bus):
                return measure(monitor.process, monitor.http_port, options)
    finally:
        broker.stop()


def measure_plain(options: argparse.Namespace) -> Figures:
    """Measure the simplest server."""
    port = free_port()
    command = [sys.executable, "-m", __spec__.name, "plain", str(port)]
    with subprocess.Popen(command) as process:
        try:
            server = psutil.Process(process.pid)
            wait_until(lambda: bool(server.net_connections()), "it listens", 3 * SECONDS)
            return measure(server, port, options)
        finally:
            process.terminate()


def serve_plain(port: int) -> None:
    """Serve the simplest loop until the process ends."""
    clients: set[WebSocket] = set()

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        clients.add(websocket)
        try:
            await websocket.receive()
        except WebSocketDisconnect:
            pass
        finally:
            clients.discard(websocket)

    async def send() -> None:
        while True:
            await asyncio.sleep(1 / PER_SECOND)
            values = sample().payload().decode()
            text = f'{{"channel":"system/cpu","event":"metrics","data":{values}}}'
            for client in list(clients):
                await client.send_text(text)

    async def main() -> None:
        app = Starlette(routes=[WebSocketRoute(WS, stream)])
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=port,
                loop="asyncio",
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                log_config=None,
                backlog=1024,
            )
        )
        sending = asyncio.create_task(send())
        await server.serve()
        sending.cancel()

    asyncio.run(main())


def main() -> None:
    """Measure, or be one of the processes that the measurement needs."""
    open_files.allow_many()
    match sys.argv[1:]:
        case ["read", port, clients, filters, seconds]:
            asyncio.run(read(int(port), int(clients), int(filters), float(seconds)))
        case ["publish", port]:
            publish(int(port))
        case ["plain", port]:
            serve_plain(int(port))
        case _:
            _measure_all()


def _measure_all() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_table(figures(options.rounds, options.clients, options.seconds))


def figures(rounds: int, clients: int = 500, seconds: float = 5) -> Iterator[Figure]:
    """Measure each server in each round; yield the medians."""
    kinds = ((measure_plain, 1), (measure_ours, 1), (measure_ours, MOST_FILTERS))
    found: list[list[Figures]] = [[] for _ in kinds]
    for _ in range(rounds):
        for results, (measure_one, filters) in zip(found, kinds, strict=True):
            options = argparse.Namespace(clients=clients, seconds=seconds, filters=filters)
            results.append(measure_one(options))
    plain, *ours = (Figures(*medians(each)) for each in found)
    titles = (
        f"{clients} WebSocket clients",
        f"{clients} WebSocket clients, {MOST_FILTERS} filters each",
    )
    for title, own in zip(titles, ours, strict=True):
        for what, index, unit, aim in (
            ("CPU time per 100,000 deliveries", 0, "s", "ratio ≤ 0.65"),
            ("delivery time, p50", 1, "ms", ""),
            ("delivery time, p99", 2, "ms", ""),
        ):
            yield Figure(
                f"{title}: {what}", own[index], unit, aim, "`send_text` loop", plain[index]
            )


if __name__ == "__main__":
    main()
