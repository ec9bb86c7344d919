"""Two days' worth of 2 s ticks, as fast as possible: about a quarter of an hour."""

import json
import logging
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from websockets.sync.client import connect

from tests.deploy.monitor import environment
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

TICKS = 100_000
INTERVAL = 0.008
LIMIT_SECONDS = 1800.0
_PROGRAM = """
import sys
from deploy.roles import up
from telemetry.settings.loading import load_settings

http_port, mqtt_port, folder, interval = sys.argv[1:]
settings = load_settings({
    "http_port": http_port, "mqtt_port": mqtt_port, "data_dir": folder,
    "history_hours": 0.01,  # 36 s, so that the history is soon full
})
# Faster than a user may choose.
settings.interval_seconds = float(interval)
sys.exit(up.run(settings))
"""

log = logging.getLogger(__name__)


class Size(NamedTuple):
    """The resources that the program uses at one time."""

    memory: float  # MB, of the program and its broker
    broker_memory: float
    files: int
    threads: int
    history: float  # MB


def measure(process: psutil.Process, folder: Path) -> Size:
    (broker,) = process.children()
    memory = process.memory_info().rss / 1e6
    broker_memory = broker.memory_info().rss / 1e6
    files = process.num_fds() + broker.num_fds()
    threads = process.num_threads() + broker.num_threads()
    history = sum(each.stat().st_size for each in folder.iterdir()) / 1e6
    return Size(memory, broker_memory, files, threads, history)


def slope(values: list[float], ticks: list[float]) -> float:
    """Return the growth of the values in ``TICKS`` ticks, by least squares."""
    return statistics.linear_regression(ticks, values).slope * TICKS


class Watchers:
    """A WebSocket client, and a client that queries the history now and then."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.frames = 0
        self._finished = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._stream, self._ask)]
        for thread in self._threads:
            thread.start()

    def _stream(self) -> None:
        url = f"ws://127.0.0.1:{self._port}/api/v1/system/ws"
        with connect(url, proxy=None) as stream:
            while not self._finished.is_set():
                stream.recv(timeout=30)
                self.frames += 1

    def _ask(self) -> None:
        base = f"http://127.0.0.1:{self._port}/api/v1/system"
        while not self._finished.wait(5):
            for path in ("/history", "/metrics", "/hosts"):
                with urllib.request.urlopen(base + path, timeout=30) as answer:  # noqa: S310 - http
                    json.load(answer)

    def stop(self) -> None:
        self._finished.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.soak
def test_a_hundred_thousand_ticks_leave_memory_files_threads_and_history_flat(
    tmp_path: Path,
) -> None:
    http_port, mqtt_port = free_port(), free_port()
    folder = tmp_path / "data"
    arguments: list[Any] = [http_port, mqtt_port, folder, INTERVAL]
    with (tmp_path / "log").open("wb") as output:
        process = psutil.Popen(
            [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=output,
            env=environment(tmp_path),
        )
    try:
        sizes, ticks, seconds = follow(process, http_port, mqtt_port, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    half = len(sizes) // 2
    for name in Size._fields:
        values = [float(getattr(each, name)) for each in sizes[half:]]
        log.info(
            "%s: %.2f halfway, %.2f at the end, %+.3f in 100,000 ticks",
            *(name, values[0], values[-1], slope(values, ticks[half:])),
        )
    log.info("%d ticks in %.0f s", ticks[-1], seconds)
    last = sizes[half:]
    assert abs(slope([each.memory for each in last], ticks[half:])) < 5
    # Its log of messages is full by now; the rest is fragmentation. With messages of one size it
    # stays at the same 51 MB from the 100,000th to the 800,000th.
    assert abs(slope([each.broker_memory for each in last], ticks[half:])) < 20
    assert abs(slope([float(each.threads) for each in last], ticks[half:])) < 1
    assert abs(slope([float(each.files) for each in last], ticks[half:])) < 3
    assert abs(slope([each.history for each in last], ticks[half:])) < 0.1 * last[0].history
    assert "Traceback" not in (tmp_path / "log").read_text()


def follow(
    process: psutil.Popen, http_port: int, mqtt_port: int, folder: Path
) -> tuple[list[Size], list[float], float]:
    """Return the sizes every few seconds, the ticks until then, and the total seconds."""
    sizes: list[Size] = []
    ticks: list[float] = []
    wait_until(lambda: _answers(http_port), "the program answers")
    began = time.monotonic()
    # The same filter as the others use: the broker keeps up to 16 MiB of messages per filter.
    with Listener(mqtt_port, "system/cpu") as listener:
        watchers = Watchers(http_port)
        try:
            while len(ticks) == 0 or ticks[-1] < TICKS:
                time.sleep(5)
                messages, listener.received = listener.received, []
                new = sum(each.topic == "system/cpu" for each in messages)
                done = (ticks[-1] if ticks else 0.0) + new
                ticks.append(done)
                sizes.append(measure(process, folder))
                if len(sizes) % 12 == 0:
                    log.info("%d ticks, %d frames: %s", done, watchers.frames, sizes[-1])
                assert process.is_running()
                assert time.monotonic() - began < LIMIT_SECONDS
        finally:
            watchers.stop()
    return sizes, ticks, time.monotonic() - began


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except OSError:
        return False
