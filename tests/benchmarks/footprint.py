"""The cost of System Monitor: ``python -m tests.benchmarks.footprint [--seconds 300]``.

Starts ``system-monitor up`` and ``system-monitor collector`` with their defaults on free ports, and
netdata if it is on PATH, one after the other. Prints the CPU time of all their processes over the
second half of the time, in percent of one core, and their proportional set size (PSS) at the end.
Linux only. The machine should be idle; measuring netdata's processes needs root.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from deploy.embedded_broker import EmbeddedBroker
from tests.services.processes import free_port

_MEBIBYTE = 1024 * 1024
_WARM_UP_SECONDS = 8.0
# As on a machine where it has run before: a process that compiles its modules takes 6 MiB more.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process ``pid`` and its children have used."""
    return sum(sum(process.cpu_times()[:2]) for process in _family(pid))


def _pss(pid: int) -> list[tuple[str, float]]:
    return [
        (" ".join(process.cmdline()[-2:])[-40:], process.memory_full_info().pss / _MEBIBYTE)
        for process in _family(pid)
    ]


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=silent, stderr=silent, env=_ENVIRONMENT)


def measure(name: str, command: Sequence[str], seconds: float) -> None:
    """Run ``command`` for ``seconds`` and print its CPU time and memory."""
    with _started(command) as process:
        time.sleep(_WARM_UP_SECONDS)
        process.terminate()
    with _started(command) as process:
        try:
            time.sleep(seconds / 2)
            before, start = cpu_seconds(process.pid), time.monotonic()
            time.sleep(seconds / 2)
            share = 100 * (cpu_seconds(process.pid) - before) / (time.monotonic() - start)
            memory = _pss(process.pid)
        finally:
            process.terminate()
    total = sum(size for _, size in memory)
    print(f"| {name} | {share:.2f} % | {total:.1f} MiB |", flush=True)
    for part, size in memory:
        print(f"|   … {part} | | {size:.1f} MiB |", flush=True)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="for each of them")
    seconds = parser.parse_args().seconds
    print("| what | CPU of one core | PSS |\n| --- | --- | --- |", flush=True)
    command = str(Path(sys.executable).with_name("system-monitor"))
    with tempfile.TemporaryDirectory() as folder:
        ports = ["--http-port", str(free_port()), "--mqtt-port", str(free_port())]
        measure("`up`", [command, "up", *ports, "--data-dir", folder], seconds)
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    try:
        external = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"]
        measure("`collector`", [command, "collector", *external], seconds)
    finally:
        broker.stop()
    netdata = shutil.which("netdata")
    if netdata is not None:
        measure("netdata, for comparison", [netdata, "-D"], seconds)


if __name__ == "__main__":
    main()
