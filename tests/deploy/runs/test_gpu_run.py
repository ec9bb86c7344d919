"""The energy and the memory of a run on a real GPU, compared with ``nvidia-smi``."""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.collector.sensors.gpu import nvidia_smi
from tests.deploy.monitor import COMMAND, SECONDS, environment, running
from tests.deploy.runs.published import Published
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

LOAD = "from tests.benchmarks.gpu_hardware import work\nwork()\n"
LOADED_SECONDS = 30.0
STEP = 200_000_000  # bytes, less than it allocates first
ROOT = Path(__file__).parents[3]


def memory_used() -> float:
    """Return the memory in use on the first GPU, in bytes."""
    said = nvidia_smi.query()[0]["memory_used"].value
    assert isinstance(said, float)
    return said


def memory_of_an_idle_gpu() -> float:
    """Return the memory in use; skip the test if there is no GPU, or other processes use one."""
    try:
        others = nvidia_smi.processes()
        used = memory_used()
    except FileNotFoundError:
        pytest.skip("nvidia-smi is not on PATH")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nvidia-smi finds no GPU: {error.stdout.strip()}")
    if others:
        pytest.skip(f"other processes use the GPUs: {others}")
    return used


@contextmanager
def watched(folder: Path) -> Iterator[Path]:
    """Let ``nvidia-smi`` write the power and the memory of the first GPU, five times a second."""
    file = folder / "nvidia-smi.csv"
    query = ["--query-gpu=power.draw,memory.used", "--format=csv,noheader,nounits"]
    with (
        file.open("w") as output,
        subprocess.Popen(["nvidia-smi", "-i", "0", *query, "-lms", "200"], stdout=output) as smi,
    ):
        try:
            yield file
        finally:
            smi.terminate()


def columns(file: Path) -> tuple[list[float], list[float]]:
    """Return the power in W and the memory in bytes, of each line."""
    rows = [row for row in csv.reader(file.read_text().splitlines()) if len(row) == 2]
    return [float(row[0]) for row in rows], [float(row[1]) * nvidia_smi.MEBIBYTE for row in rows]


@pytest.mark.gpu
def test_energy_and_peak_memory_agree_with_nvidia_smi(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    idle = memory_of_an_idle_gpu()
    where = {
        "SYSTEM_MONITOR_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto.port}",
        "SYSTEM_MONITOR_TOPIC_PREFIX": published.scheme.prefix,
    }
    collector = ("collector", "--interval-seconds", "0.5")
    with running(tmp_path / "collector", *collector, variables=where, wait=False):
        command = [COMMAND, "run", "--name", "load", "--", sys.executable, "-c", LOAD]
        with subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path, **where)) as process:
            wait_until(lambda: memory_used() > idle + STEP, "the process is on the GPU", SECONDS)
            with watched(tmp_path) as file:
                time.sleep(LOADED_SECONDS)  # in which energy is used
                mine = sum(nvidia_smi.processes().values())
                process.terminate()
                process.wait(SECONDS)
        end = published.wait_for_state(name="load", signal="SIGTERM")
    summary: Any = end.values["summary"]
    power, memory = columns(file)
    held = summary["duration"] if summary["gpu_hours"] is None else summary["gpu_hours"] * 3600
    assert held == pytest.approx(LOADED_SECONDS, abs=8)
    assert summary["energy_joules"] == pytest.approx(fmean(power) * held, rel=0.15)
    # Of the processes, if the driver shows whose memory it is; otherwise, of the whole GPU.
    expected = max(memory) if "gpu_memory_peak" in summary["whole_machine"] else mine
    assert summary["gpu_memory_peak"] == pytest.approx(expected, rel=0.01, abs=16_000_000)
