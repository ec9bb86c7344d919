"""The cost of another client's flood: samples, time, and the embedded broker's memory.

``python -m tests.benchmarks.flood [--broker bundled] [--seconds 10] [FLOOD …]`` prints for each
flood how many samples are missing afterwards, how far the history was behind, and the peak memory
of the broker's process and of ``up``.
"""

import argparse
import contextlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from telemetry.clock import unix_milliseconds
from tests.deploy.monitor import Monitor, free_ports, running
from tests.services.embedded import EMBEDDED_BROKERS, broker_program
from tests.services.flood import Flood, publish

INTERVAL = 0.5
LATER_MS = 15_000  # the samples of the last 10 s are sent again to a restarted broker
SETTLED_SECONDS = 150.0
FLOODS = {
    "another topic": Flood("system/junk", size=100, rate=20_000),
    "our topic": Flood("system/cpu", size=100, rate=20_000),
    "our topics": Flood("system/gpu/{}", size=100, rate=20_000, topics=10_000),
    "retained, large": Flood("system/junk/{}", 250_000, 480, topics=1_000_000, retained=True),
    "retained": Flood("system/junk/{}", 100_000, 1200, topics=1_000_000, retained=True),
    "retained, ours": Flood("system/gpu/x{}", 100_000, 1200, topics=1_000_000, retained=True),
}


class Watch:
    """The largest figures seen until ``ended``: memory in bytes, the history's lag in seconds."""

    def __init__(self, up: Monitor) -> None:
        self._up = up
        self.broker = self.own = 0
        self.lag = 0.0
        self.ended = False

    def run(self) -> None:
        while not self.ended:
            with contextlib.suppress(psutil.Error, ValueError):  # the broker is being restarted
                self.broker = max(self.broker, self._up.broker_process().memory_info().rss)
            self.own = max(self.own, self._up.process.memory_info().rss)
            newest = max(self._up.timestamps(), default=unix_milliseconds())
            self.lag = max(self.lag, (unix_milliseconds() - newest) / 1000)
            time.sleep(0.1)


def missing(up: Monitor, start: int, end: int) -> str:
    """Return how many ticks from ``start`` to ``end`` have no sample, and how many there are."""
    times = up.timestamps()
    first, last, *ticks = (
        round((each - times[0]) / 1000 / INTERVAL) for each in (start, end, *times)
    )
    wanted = set(range(first, last))
    return f"{len(wanted.difference(ticks))}/{len(wanted)}"


def measure(choice: str, name: str, seconds: float) -> None:
    """Print a line, and the log of ``up``."""
    with tempfile.TemporaryDirectory() as folder:
        broker_program(choice, Path(folder))
        options = [*free_ports(), "--interval-seconds", str(INTERVAL), "--embedded-broker", choice]
        with running(Path(folder), "up", *options) as up, ThreadPoolExecutor() as pool:
            up.wait_for_history(8)
            watch, began = Watch(up), unix_milliseconds()
            task = pool.submit(watch.run)
            try:
                sent = publish(up.mqtt_port, FLOODS[name], seconds)
                ended = unix_milliseconds()
                deadline = time.monotonic() + SETTLED_SECONDS
                while max(up.timestamps()) < ended + LATER_MS and time.monotonic() < deadline:
                    time.sleep(0.2)
            finally:
                watch.ended = True
            task.result()
            print(
                f"{choice:10} {name:16} {sent:8d} sent {missing(up, began, ended):>6} missing"
                f" {watch.lag:6.1f} s behind {watch.broker / 1e6:7.1f} MB broker"
                f" {watch.own / 1e6:6.1f} MB up",
                flush=True,
            )
            print(up.stderr, end="", flush=True)


def main() -> None:
    """Measure the floods."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("floods", nargs="*", default=list(FLOODS))
    parser.add_argument("--broker", action="append", choices=EMBEDDED_BROKERS)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    for choice in arguments.broker or EMBEDDED_BROKERS:
        for name in arguments.floods:
            measure(choice, name, arguments.seconds)


if __name__ == "__main__":
    main()
