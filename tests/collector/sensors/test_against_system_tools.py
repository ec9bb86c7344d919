"""The sensors compared with Debian's tools, over the same two seconds of a load.

A sensor's window begins some milliseconds before the tool's and ends some after it. So the loads
are steady, and a tolerance covers what the tool did not see.
"""

import json
import mmap
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.sensors.cpu import CpuSensor
from collector.sensors.disk import DiskSensor
from collector.sensors.memory import MemorySensor
from telemetry.catalogue import CPU, DISK, MEMORY
from tests.collector.sensors.reading import read_once
from tests.services.availability import REQUIRE_VARIABLE

SECONDS = 2
MEBIBYTE = 1024 * 1024

if sys.platform != "linux":
    pytest.skip("these tools are Linux's", allow_module_level=True)


def agree(ours: float, theirs: float, floor: float, unseen: float = 0.0) -> bool:
    """Return whether the values lie within 5%, or within ``floor`` of each other.

    ``unseen`` is the part of the sensor's window outside the tool's (0-1). If nothing moved in it,
    or twice as much as in the rest, the values differ by that part.
    """
    return abs(ours - theirs) <= max((0.05 + unseen) * abs(theirs), floor)


def unseen_since(began: float) -> float:
    """Return in which part of the time since ``began`` the tool did not measure, 0-1."""
    elapsed = time.monotonic() - began
    return (elapsed - SECONDS) / elapsed


def require(tool: str, package: str) -> None:
    if shutil.which(tool) is not None:
        return
    reason = f"{tool} is not on PATH; it comes with the package {package}"
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
    pytest.skip(reason)


def output_of(*command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C", "S_COLORS": "never"}
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=30
    ).stdout


def statistics_of(*command: str) -> Any:
    """Return the only report of a sysstat tool."""
    (host,) = json.loads(output_of(*command, "-o", "JSON", str(SECONDS), "1"))["sysstat"]["hosts"]
    return host["statistics"][-1]


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


BUSY_FOR_THREE_FIFTHS = """
import time
while True:
    end = time.monotonic() + 0.03
    while time.monotonic() < end:
        pass
    time.sleep(0.02)
"""


def test_utilization_agrees_with_mpstat() -> None:
    require("mpstat", "sysstat")
    sensor = CpuSensor()
    with running(sys.executable, "-c", BUSY_FOR_THREE_FIFTHS):
        began = time.monotonic()
        sensor.open()
        loads = statistics_of("mpstat", "-P", "ALL")["cpu-load"]
        values = read_once(sensor, CPU)
        unseen = unseen_since(began)
    ours = {"all": values["utilization"]}
    ours |= {str(core): value for core, value in enumerate(values["per_core"])}
    theirs = {load["cpu"]: 100 - load["idle"] - load["iowait"] for load in loads}
    assert max(theirs.values()) > 20
    for cpu, busy in theirs.items():
        # A core may do all or none of its other work outside the tool's window.
        assert agree(ours[cpu], busy, floor=2.0 + 100 * unseen), (cpu, ours, theirs)


def test_memory_agrees_with_free() -> None:
    require("free", "procps")
    sensor = MemorySensor()
    sensor.open()
    load = bytearray(os.urandom(MEBIBYTE)) * 256  # each page is written to
    rows = [line.split() for line in output_of("free", "--bytes").splitlines()[1:]]
    values = read_once(sensor, MEMORY)
    assert len(load) == 256 * MEBIBYTE
    _, ram_total, ram_used, *_, available = rows[0]
    _, swap_total, swap_used, _ = rows[1]
    assert values["ram_total"] == int(ram_total)
    assert values["swap_total"] == int(swap_total)
    assert values["ram_used"] > len(load)
    for name, theirs in (
        ("ram_used", ram_used),
        ("available", available),
        ("swap_used", swap_used),
    ):
        assert agree(values[name], int(theirs), floor=16 * MEBIBYTE), (name, theirs, values)


@contextmanager
def disk_load(folder: Path) -> Iterator[None]:
    """Write and read at some 100 MB/s, past the page cache."""
    try:
        file = os.open(folder / "load", os.O_CREAT | os.O_RDWR | os.O_DIRECT, 0o600)
    except OSError as error:
        pytest.skip(f"the temporary folder's file system takes no direct I/O: {error}")
    block = mmap.mmap(-1, MEBIBYTE)  # direct I/O needs aligned memory
    stopping = threading.Event()

    def move_blocks() -> None:
        turn = 0
        while not stopping.wait(0.01):
            offset = turn % 32 * MEBIBYTE
            os.pwrite(file, block, offset)
            os.preadv(file, [block], offset)
            turn += 1

    thread = threading.Thread(target=move_blocks)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        os.close(file)
        block.close()


def test_disk_rates_agree_with_iostat(tmp_path: Path) -> None:
    require("iostat", "sysstat")
    sensor = DiskSensor()
    with disk_load(tmp_path):
        began = time.monotonic()
        sensor.open()
        disks = statistics_of("iostat", "-dky")["disk"]
        values = read_once(sensor, DISK)
        unseen = unseen_since(began)
    for ours, column in (("read_rate", "kB_read/s"), ("write_rate", "kB_wrtn/s")):
        by_device = {disk["disk_device"]: disk[column] * 1024 / 1e6 for disk in disks}
        theirs = sum(by_device.get(device, 0) for device in values["per_device"])
        if max(by_device.values()) < 1:
            pytest.skip("the temporary folder lies on no disk of this machine")
        assert agree(values[ours], theirs, floor=0.2, unseen=unseen), (ours, values, by_device)


@pytest.fixture
def namespaces() -> Iterator[tuple[str, str]]:
    """Two network namespaces with a veth pair between them, like those of containers."""
    require("ip", "iproute2")
    names = (f"telemetry-test-{os.getpid()}-0", f"telemetry-test-{os.getpid()}-1")
    try:
        connect(*names)
        yield names
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def connect(one: str, other: str) -> None:
    for name in (one, other):
        output_of("ip", "netns", "add", name)
    pair = f"-n {one} link add eth0 type veth peer name eth0 netns {other}"
    output_of("ip", *pair.split())
    for number, name in enumerate((one, other)):
        output_of("ip", "-n", name, "address", "add", f"192.0.2.{number}/31", "dev", "eth0")
        output_of("ip", "-n", name, "link", "set", "eth0", "up")


SENDER = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    while True:
        for _ in range(int(sys.argv[2])):
            try:
                sender.sendto(bytes(1400), (sys.argv[1], 9))
            except ConnectionRefusedError:
                pass  # nobody listens
        time.sleep(0.005)
"""
SENSOR = """
import json
from collector.sensors.network import NetworkSensor
sensor = NetworkSensor()
sensor.open()
print(sensor.describe(), flush=True)
input()
(reading,) = sensor.read()
print(json.dumps(reading.values), flush=True)
"""


def test_network_rates_in_a_container_agree_with_sar(namespaces: tuple[str, str]) -> None:
    require("sar", "sysstat")
    inside, outside = (("ip", "netns", "exec", name) for name in namespaces)
    python = (sys.executable, "-c")
    with (
        running(*inside, *python, SENDER, "192.0.2.1", "10"),
        running(*outside, *python, SENDER, "192.0.2.0", "20"),
        running(*inside, *python, SENSOR) as sensor,
    ):
        assert sensor.stdout is not None
        assert sensor.stdout.readline() == "1 interface: eth0\n"
        began = time.monotonic()
        report = output_of(*inside, "sar", "-n", "DEV", "--iface=eth0", str(SECONDS), "1")
        answer, _ = sensor.communicate("\n", timeout=10)
        unseen = unseen_since(began)
    values = json.loads(answer)
    header, row = (line.split() for line in report.splitlines() if line.startswith("Average:"))
    columns = dict(zip(header, row, strict=True))
    for ours, column in (("download_rate", "rxkB/s"), ("upload_rate", "txkB/s")):
        theirs = float(columns[column]) * 1024 / 1e6
        assert theirs > 1
        assert agree(values[ours], theirs, floor=0.05, unseen=unseen), (ours, values, report)
