"""Parts are killed during a run: its state and its end are right all the same."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from telemetry.events import Event
from tests.deploy.monitor import SECONDS, environment
from tests.deploy.runs.published import Published, training
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs need Linux")
# A collector with a GPU that the processes in its arguments are on. Its minute is shorter.
COLLECTOR = """
import sys, threading, time
from collector.runs import followed, keeper, watcher
followed._LONG_ENOUGH = 300
keeper.SILENT_SECONDS, keeper._GRACE, keeper._SETTLED_SECONDS = 1.5, 500, 0.3
watcher._PAUSE_SECONDS = 0.1
from collector.collector import Collector
from collector.sensors.port import Reading, Sensor
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
port, prefix, *pids = sys.argv[1:]

class Gpu(Sensor):
    name, details = "gpu", {}
    def open(self): pass
    def close(self): pass
    def describe(self): return "a stand-in"
    def read(self):
        row = {"name": "python3", "user": "ada", "command": "python3 train.py",
               "memory_used": 10**9, "kind": "compute", "started": 1}
        rows = [{**row, "pid": int(pid)} for pid in pids]
        yield Reading("system/gpu/0", {"utilization": 50.0, "throttle_reasons": []})
        yield Reading("system/gpu/0/processes", {"processes": rows, "more": 0, "note": None})

Collector([Gpu()], BrokerAddress("127.0.0.1", int(port)), TopicScheme(prefix), host="alpha",
          interval=0.1, window=3_600_000, follow_runs=True).start()
time.sleep(600)
"""


@contextmanager
def collecting(
    folder: Path, broker: Mosquitto, published: Published, *pids: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the collector; at the end it is killed."""
    arguments = [str(broker.port), published.scheme.prefix, *map(str, pids)]
    with subprocess.Popen(
        [sys.executable, "-c", COLLECTOR, *arguments], env=environment(folder)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def summary(event: Event) -> dict[str, float]:
    found = event.values["summary"]
    assert isinstance(found, dict)
    return found


@pytest.mark.soak
def test_a_killed_collector_continues_its_run_and_ends_it(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    program = f"{sys.executable} -c 'print(input())'; true"
    # Below a shell: a parent that runs Python would be taken for its launcher.
    with subprocess.Popen(["sh", "-c", program], stdin=subprocess.PIPE) as shell:
        wait_until(lambda: bool(psutil.Process(shell.pid).children()), "the process")
        (process,) = psutil.Process(shell.pid).children()
        with collecting(tmp_path, mosquitto, published, process.pid):
            first = published.wait_for_state(how="automatic", gpus=["0"])
        assert first.values["pid"] == process.pid
        count = len(published.events())
        with collecting(tmp_path, mosquitto, published, process.pid) as collector:
            wait_until(lambda: len(published.events()) > count, "the run goes on", SECONDS)
            shell.communicate(b"\n")
            end = published.wait_for_state(id=f"{first.id}.end")
            wait_until(lambda: published.messages()[-1].payload == b"", "the state is deleted")
            assert collector.poll() is None
    assert {each.id for each in published.events()} == {first.id, end.id}
    assert end.values["started"] == first.values["started"]
    assert summary(end)["gpu_utilization_mean"] == 50.0
    assert summary(end)["gpu_hours"] >= summary(first)["gpu_hours"]
    assert summary(end)["ram_peak"] > 1_000_000


@pytest.mark.soak
def test_a_run_whose_wrapper_was_killed_goes_on_and_ends_with_its_command(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    with training(tmp_path, mosquitto, published) as wrapper:
        state = published.wait_for_state(how="command")
        (child,) = psutil.Process(wrapper.pid).children()
        count = len(published.events())
        with collecting(tmp_path, mosquitto, published, child.pid):
            wrapper.send_signal(signal.SIGKILL)
            wait_until(lambda: len(published.events()) > count, "it is published on", SECONDS)
            assert child.is_running()
            child.kill()
            end = published.wait_for_state(id=f"{state.id}.end")
            wait_until(lambda: published.messages()[-1].payload == b"", "the state is deleted")
    assert {each.id for each in published.events()} == {state.id, end.id}
    assert end.values["exit_code"] is None
    assert summary(end)["gpu_utilization_mean"] == 50.0
