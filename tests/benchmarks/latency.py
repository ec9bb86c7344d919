"""The time from a reading to a WebSocket client: ``python -m tests.benchmarks.latency``.

Starts ``system-monitor up`` on free ports and prints, for each sample that one WebSocket client
receives, how long it took from the sample's timestamp to its arrival; and the CPU time of all
processes of ``up`` meanwhile. Timestamps are whole milliseconds. Linux only; the machine should be
idle.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from websockets.sync.client import connect

from telemetry.catalogue import STATUS_CHANNEL
from tests.api.streams import WS
from tests.benchmarks.figures import Figure, medians, print_table
from tests.benchmarks.footprint import cpu_seconds
from tests.deploy.monitor import free_ports, running


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--interval", type=float, default=2)
    options = parser.parse_args()
    print_table(figures(1, options.seconds, options.interval))


def figures(rounds: int, seconds: float = 60, interval: float = 2) -> Iterator[Figure]:
    """Yield the medians of ``rounds`` starts of ``up``."""
    p50, p99, busy = medians([measure(seconds, interval) for _ in range(rounds)])
    yield Figure("time from a reading to a WebSocket client, p50", p50, "ms", "≤ 5 ms")
    yield Figure("time from a reading to a WebSocket client, p99", p99, "ms", "≤ 12 ms")
    yield Figure("`up` with one WebSocket client: CPU time", busy, "% of a core")


def measure(seconds: float, interval: float) -> list[float]:
    """Return the median and the 99th percentile in ms, and the CPU time in percent of a core."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*free_ports(), "--data-dir", folder, "--interval-seconds", str(interval)]
        with running(Path(folder), "up", *arguments) as monitor:
            time.sleep(5 * interval)  # the work of the start is done
            before = cpu_seconds(monitor.process.pid)
            delays = read(monitor.http_port, seconds)
            busy = cpu_seconds(monitor.process.pid) - before
    cut = quantiles(delays, n=100)
    return [cut[49], cut[98], 100 * busy / seconds]


def read(port: int, seconds: float) -> list[float]:
    """Return the delays of the samples of the next ``seconds``, in milliseconds."""
    delays: list[float] = []
    with connect(f"ws://127.0.0.1:{port}{WS}") as stream:
        started = time.time()
        while (remaining := started + seconds - time.time()) > 0:
            try:
                frame = json.loads(stream.recv(timeout=remaining))
            except TimeoutError:
                break
            now = time.time()
            sent = frame["data"]["timestamp"] / 1000
            # The first frames are the newest values from before.
            if sent > started and frame["channel"] != STATUS_CHANNEL:
                delays.append((now - sent) * 1000)
    return delays


if __name__ == "__main__":
    main()
