"""Findings about real processes, from the first growth to the notice at a real HTTP receiver.

The time is not compressed: a trend takes at least 12 minutes. Only the GPU is a stand-in.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from telemetry.clock import unix_milliseconds
from tests.advisor.notices.receivers import Webhook, webhook
from tests.deploy.monitor import COMMAND, Monitor, free_ports, running
from tests.fakes.nvml import FakeNvml
from tests.services.cgroups import memory_limit
from tests.services.disks import block_disk
from tests.services.processes import wait_until

MEMORY_LIMIT = 900_000_000  # of the monitor and the leak together: reached after about 25 min
LEAK = "import time\nheld = []\nwhile True: held.append(b'x' * 400_000); time.sleep(1)"
SPIN = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
FILL = """
import os, sys, time
with open(sys.argv[1], "wb", buffering=0) as file:
    while True:
        file.write(b"x" * 100_000)
        os.fsync(file.fileno())
        time.sleep(1)
"""
OTHERS = ("collector", "oom")  # of host_pressure: other programs on this machine can cause it
FOUND_SECONDS = 25 * 60.0
OVER_SECONDS = 15 * 60.0
RUN_LIMIT = 1_200_000_000  # of a run: its worker, which leaks 48 MB/min, reaches it in 25 min
WORKER = LEAK.replace("400_000", "800_000")
LAUNCHER = f"import subprocess, sys\nsubprocess.call([sys.executable, '-c', {WORKER!r}])"


class Machine(NamedTuple):
    """What runs during the test."""

    up: Monitor
    receiver: Webhook

    def found(self, kind: str, state: str) -> dict[str, Any] | None:
        """Return the finding of ``kind`` about what this test causes, if it has this state."""
        for each in self.up.get("/findings")["findings"]:
            if (each["kind"], each["state"]) == (kind, state) and each["subject"] not in OTHERS:
                return dict(each)
        return None

    def wait_for_notice(self, kind: str, state: str, seconds: float) -> dict[str, Any]:
        """Wait until the finding has this state and the receiver has a notice of that."""
        wait_until(lambda: self.found(kind, state) is not None, f"{kind} is {state}", seconds)
        finding = self.found(kind, state)
        assert finding is not None
        expected = finding["summary"]
        try:
            wait_until(lambda: expected in str(self.receiver.bodies), f"a notice: {expected}", 120)
        except TimeoutError:
            parts = self.up.answer("/readyz")[1]["parts"]
            pytest.fail(f"{expected!r} is not in {self.receiver.bodies}: {parts}")
        return finding


@contextmanager
def program(text: str, *arguments: str, wrapper: Sequence[str] = ()) -> Iterator[psutil.Popen]:
    """Run a Python program until the block ends."""
    process = psutil.Popen([*wrapper, sys.executable, "-c", text, *arguments])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def limited() -> Iterator[tuple[str, ...]]:
    """Return the start of a command that runs with the small limit."""
    with memory_limit(MEMORY_LIMIT) as wrapper:
        yield wrapper


@pytest.fixture
def gpu(nvml_library: Path, tmp_path: Path) -> FakeNvml:
    """Return a GPU whose memory is held, at low utilization."""
    fake = FakeNvml(nvml_library, tmp_path / "script")
    fake.set_gpus(1)
    fake.set_readings(utilization=25, memory_used=20 * 10**9, memory_total=80 * 10**9)
    return fake


@pytest.mark.soak
def test_real_trouble_is_reported_and_its_end_too(
    tmp_path: Path, limited: tuple[str, ...], gpu: FakeNvml
) -> None:
    options = [*free_ports(), "--data-dir", str(tmp_path / "data")]
    options += ["--finding-thresholds", "input_bound.minutes=10"]
    with ExitStack() as stack:
        receiver = stack.enter_context(webhook())
        variables = {
            **gpu.environment,
            "SYSTEM_MONITOR_NOTIFY_URLS": f"json://127.0.0.1:{receiver.port}",
        }
        disk = stack.enter_context(block_disk(tmp_path / "disk"))
        disk.reserve(0.84)
        spinning = stack.enter_context(program(SPIN))
        gpu.set_readings(processes=f"{spinning.pid}:compute:{19 * 10**9}")
        command = (*limited, COMMAND)
        up = stack.enter_context(
            running(tmp_path / "up", "up", *options, variables=variables, command=command)
        )
        machine = Machine(up, receiver)
        up.wait_for_history(2)
        began = unix_milliseconds()
        leaking = stack.enter_context(program(LEAK, wrapper=limited))
        filling = stack.enter_context(program(FILL, str(disk.path / "file")))

        wait = machine.wait_for_notice
        leak = wait("memory_growth", "active", FOUND_SECONDS)
        assert leak["subject"] == "host"
        assert "the memory of the cgroup grows by" in leak["summary"]
        assert 15 < (leak["expected"]["likely"] - began) / 60_000 < 40  # about 25
        assert 20 < leak["evidence"]["numbers"]["rate"]["value"] < 28  # of 24 MB/min
        full = wait("host_pressure", "active", FOUND_SECONDS)
        assert full["subject"].startswith("filesystem-")
        assert full["expected"] is not None
        slow = wait("input_bound", "active", FOUND_SECONDS)
        assert slow["subject"] == "gpu0"
        assert "has used 25% of the GPU" in slow["summary"]
        assert "CPU core" in slow["summary"]  # one, or all if others use them too

        for process in (leaking, filling, spinning):
            process.kill()
        (disk.path / "file").unlink()
        gpu.set_readings(processes="none", utilization=0, memory_used=10**8)
        for kind in ("memory_growth", "host_pressure", "input_bound"):
            wait(kind, "over", OVER_SECONDS)
        assert up.stderr == ""


@pytest.mark.soak
def test_a_run_whose_worker_leaks_is_reported_by_name(tmp_path: Path) -> None:
    options = [*free_ports(), "--data-dir", str(tmp_path / "data")]
    options += ["--finding-thresholds", "memory_growth.warm_up=1"]
    # What other programs read at the same rate would look like a dataset.
    options += ["--disabled-sensors", "disk,network"]
    with ExitStack() as stack:
        receiver = stack.enter_context(webhook())
        variables = {"SYSTEM_MONITOR_NOTIFY_URLS": f"json://127.0.0.1:{receiver.port}"}
        up = stack.enter_context(running(tmp_path / "up", "up", *options, variables=variables))
        machine = Machine(up, receiver)
        up.wait_for_history(2)
        limited = stack.enter_context(memory_limit(RUN_LIMIT))
        command = [*limited, COMMAND, "run", "--mqtt-port", str(up.mqtt_port), "--name", "leaky"]
        run = psutil.Popen([*command, "--", sys.executable, "-c", LAUNCHER])
        stack.callback(_end, run)

        leak = machine.wait_for_notice("memory_growth", "active", FOUND_SECONDS)
        assert leak["subject"].startswith("run-leaky-")
        assert leak["summary"].startswith("Run leaky (PID ")
        assert 40 < leak["evidence"]["numbers"]["rate"]["value"] < 56  # of 48 MB/min
        assert leak["expected"] is not None

        _end(run)
        over = machine.wait_for_notice("memory_growth", "over", OVER_SECONDS)
        assert over["subject"] == leak["subject"]
        assert up.stderr == ""


def _end(run: psutil.Popen) -> None:
    """End the run with its worker."""
    with suppress(psutil.NoSuchProcess):
        for process in (*run.children(recursive=True), run):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    run.wait()
