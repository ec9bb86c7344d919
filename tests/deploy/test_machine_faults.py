"""Faults of a machine: its clock steps, it sleeps, it is short of CPU time or memory."""

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from telemetry.clock import unix_milliseconds
from tests.api.streams import OPENING
from tests.deploy.monitor import Monitor, free_ports, running
from tests.deploy.ticks import lateness
from tests.fakes.clock import WallClock
from tests.services.embedded import Listener
from tests.services.processes import wait_until

INTERVAL = 0.2
HOUR = 3600
CHANNELS = ("system/cpu", "system/memory", "system/disk", "system/network")
_BUSY = [sys.executable, "-c", "while True: pass"]

log = logging.getLogger(__name__)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None, reason="needs Linux and gcc"
)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> WallClock:
    return WallClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, clock: WallClock) -> Iterator[Monitor]:
    folder = tmp_path_factory.mktemp("up")
    options = [*free_ports(), "--interval-seconds", str(INTERVAL), "--host-name", "alpha"]
    with running(folder, "up", *options, variables=clock.environment) as monitor:
        monitor.wait_for_history(1)
        yield monitor


def received(listener: Listener, channel: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in listener.on(channel)]


def numbers(value: object) -> list[float]:
    """Return all numbers in ``value``, at any depth."""
    if isinstance(value, dict):
        return [each for item in value.values() for each in numbers(item)]
    if isinstance(value, list):
        return [each for item in value for each in numbers(item)]
    return [value] if isinstance(value, int | float) else []


def assert_plausible(samples: list[dict[str, Any]]) -> None:
    """Check that no share is outside 0 to 100% and no rate outside 0 to 10 GB/s."""
    for sample in samples:
        body = {key: value for key, value in sample.items() if key not in ("host", "timestamp")}
        assert min(numbers(body), default=0) >= 0, sample
        if "utilization" in body:
            shares = numbers([body["utilization"], body["per_core"]])
            assert max(shares, default=0) <= 100, sample  # null right after the pause
        if "read_rate" in body or "upload_rate" in body:
            rates = {key: value for key, value in body.items() if key != "filesystems"}
            assert max(numbers(rates), default=0) <= 10_000, sample


def ages(samples: list[dict[str, Any]], since: float) -> list[float]:
    """Return the seconds from ``since`` to each sample."""
    return [sample["timestamp"] / 1000 - since for sample in samples]


def test_the_wall_clock_steps_an_hour_forward_and_back(up: Monitor, clock: WallClock) -> None:
    for seconds in (HOUR, 0):
        with Listener(up.mqtt_port, "system/#") as listener:
            wait_until(lambda: len(received(listener, "system/cpu")) >= 3, "samples")
            listener.received.clear()
            clock.shift(seconds)
            stepped = time.time() + seconds
            listener.wait_for("system/cpu", 6)
            samples = received(listener, "system/cpu")[1:]  # the first may be from before the step
            everything = [each for name in CHANNELS for each in received(listener, name)]
        # One for each tick, in order, by the new time.
        taken = ages(samples, stepped)
        assert 0 < taken[0] < 5
        assert max(lateness(taken, INTERVAL)) < INTERVAL, taken
        assert_plausible(everything)
        newest = samples[-1]["timestamp"]
        wait_until(lambda: max(up.timestamps(), default=0) >= newest, "the history continues")  # noqa: B023
        metrics = up.get("/metrics")
        assert (metrics["state"], metrics["cpu"]["stale"]) == ("online", False)
    assert "Traceback" not in up.stderr


@pytest.mark.soak
def test_a_suspended_process_goes_on_with_the_present_tick(up: Monitor) -> None:
    with Listener(up.mqtt_port, "system/#") as listener:
        wait_until(lambda: len(received(listener, "system/cpu")) >= 3, "samples")
        up.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        listener.received.clear()
        resumed = time.time()
        up.process.send_signal(signal.SIGCONT)
        listener.wait_for("system/cpu", 5)
        after = [each for each in ages(received(listener, "system/cpu"), resumed) if each > 0]
        assert up.missed_ticks("cpu") >= int(1.5 / INTERVAL) - 1
        everything = [each for name in CHANNELS for each in received(listener, name)]
    # The missed ticks are not caught up in a burst.
    assert after[0] < 2 * INTERVAL
    assert after[3] > 2 * INTERVAL
    assert_plausible(everything)


@pytest.mark.soak
def test_with_all_cores_busy_the_ticks_go_on(tmp_path: Path) -> None:
    options = [*free_ports(), "--interval-seconds", str(INTERVAL)]
    with running(tmp_path, "up", *options) as monitor, ExitStack() as stack:
        monitor.wait_for_history(5)
        for _ in range(4 * (os.cpu_count() or 1)):
            process = stack.enter_context(subprocess.Popen(_BUSY))
            stack.callback(process.kill)
        began = unix_milliseconds()
        with Listener(monitor.mqtt_port, "system/#") as listener:
            time.sleep(30)
            everything = [each for name in CHANNELS for each in received(listener, name)]
        ended = unix_milliseconds()
        stack.close()
        wait_until(lambda: max(monitor.timestamps()) > ended, "it has caught up")
        times = [each for each in monitor.timestamps() if began < each < ended]
        complaints = monitor.stderr
    assert_plausible(everything)
    expected = (ended - began) / 1000 / INTERVAL
    widest = max(later - earlier for earlier, later in pairwise(times)) / 1000
    log.info("overload: %d samples of %.0f ticks, widest gap %.2f s", len(times), expected, widest)
    assert len(times) > 0.9 * expected
    assert times == sorted(set(times))
    assert "Traceback" not in complaints


def size(monitor: Monitor) -> int:
    rss: int = monitor.process.memory_info().rss
    return rss


@pytest.mark.soak
def test_a_process_that_gets_no_more_memory_goes_on_once_it_does(tmp_path: Path) -> None:
    options = [*free_ports(), "--interval-seconds", str(INTERVAL)]
    with running(tmp_path, "up", *options) as monitor:
        monitor.wait_for_history(5)
        usual = monitor.process.rlimit(psutil.RLIMIT_AS)
        address = ("127.0.0.1", monitor.http_port)
        refused = 0
        for turn in range(1, 4):
            # Less than it uses: the kernel gives it no more.
            monitor.process.rlimit(psutil.RLIMIT_AS, (2**20, usual[1]))
            with ExitStack() as clients:  # each takes 40 kB
                while refused < turn * 20:
                    client = clients.enter_context(socket.create_connection(address))
                    client.sendall(OPENING + b"\r\n")
                    client.settimeout(0.2)
                    try:
                        refused += not client.recv(100).startswith(b"HTTP/1.1 101")
                    except OSError:
                        refused += 1
            monitor.process.rlimit(psutil.RLIMIT_AS, usual)
            ended = unix_milliseconds()
            wait_until(lambda: max(monitor.timestamps()) > ended + 1000, "new samples are stored")  # noqa: B023
            assert monitor.get("/metrics")["state"] == "online"
        log.info("memory short: %d clients refused, %d B used", refused, size(monitor))
        assert "Traceback" not in monitor.stderr
