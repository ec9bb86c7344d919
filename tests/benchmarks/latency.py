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
from pathlib import Path
from statistics import quantiles

from websockets.sync.client import connect

from telemetry.catalogue import STATUS_CHANNEL
from tests.api.streams import WS
from tests.benchmarks.footprint import cpu_seconds
from tests.deploy.monitor import free_ports, running


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--interval", type=float, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*free_ports(), "--data-dir", folder]
        arguments += ["--interval-seconds", str(options.interval)]
        with running(Path(folder), "up", *arguments) as monitor:
            time.sleep(5 * options.interval)  # the work of the start is done
            before = cpu_seconds(monitor.process.pid)
            delays = read(monitor.http_port, options.seconds)
            busy = cpu_seconds(monitor.process.pid) - before
    cut = quantiles(delays, n=100)
    print(
        f"{len(delays)} samples, one tick each {options.interval:g} s: p50 {cut[49]:.1f} ms,"
        f" p99 {cut[98]:.1f} ms; `up` used {busy / options.seconds:.2%} of a core"
    )


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
