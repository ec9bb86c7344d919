"""The cost of System Monitor: ``python -m tests.benchmarks.footprint [--seconds 60] [--rounds 1]``.

Runs ``system-monitor up`` and ``system-monitor collector`` with their defaults, and those peers
that are on PATH, all with an interval of two seconds, one after the other. Prints the CPU time of
all their processes over the second half of the time, in percent of one core, and their proportional
set size (PSS) at the end. Linux only. The machine should be idle; measuring netdata's processes
needs root.

netdata serves its page, with its history in memory. Telegraf publishes the same families to MQTT.
node_exporter is scraped, with its default collectors.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from deploy.embedded_broker import EmbeddedBroker
from tests.benchmarks.figures import Figure, medians, print_table
from tests.services.processes import free_port

INTERVAL = 2
_MEBIBYTE = 1024 * 1024
_WARM_UP_SECONDS = 8.0
# As on a machine where it has run before: a process that compiles its modules takes 6 MiB more.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
_NETDATA = """
[global]
  run as user = root
[directories]
  cache = {folder}
  lib = {folder}
  log = {folder}
[db]
  mode = ram
  update every = {interval}
[web]
  bind to = 127.0.0.1:{port}
"""
_TELEGRAF = """
[agent]
  interval = "{interval}s"
  flush_interval = "{interval}s"
[[inputs.cpu]]
  percpu = true
[[inputs.mem]]
[[inputs.swap]]
[[inputs.diskio]]
[[inputs.net]]
[[outputs.mqtt]]
  servers = ["tcp://127.0.0.1:{port}"]
  topic = "telegraf/{{{{ .PluginName }}}}"
  data_format = "json"
"""


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process ``pid`` and its children have used."""
    used = 0
    for process in _family(pid):
        for each in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
            with suppress(OSError):  # a thread that has ended
                used += int(each.read_text().split()[0])
    return used / 1e9


def _pss(pid: int) -> float:
    return sum(process.memory_full_info().pss for process in _family(pid)) / _MEBIBYTE


@contextmanager
def _started(command: list[str]) -> Iterator[int]:
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=silent, stderr=silent, env=_ENVIRONMENT) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def measure(command: list[str], seconds: float, scraped: str | None = None) -> list[float]:
    """Run ``command`` for ``seconds``; return its CPU time in percent, and its memory in MiB.

    ``scraped`` is the URL that is read once an interval meanwhile.
    """
    with _started(command):
        time.sleep(_WARM_UP_SECONDS)
    stopping = threading.Event()
    scraper = threading.Thread(target=_scrape, args=(scraped, stopping), daemon=True)
    with _started(command) as pid:
        scraper.start()
        time.sleep(seconds / 2)
        before, start = cpu_seconds(pid), time.monotonic()
        time.sleep(seconds / 2)
        share = 100 * (cpu_seconds(pid) - before) / (time.monotonic() - start)
        memory = _pss(pid)
        stopping.set()
        scraper.join()
    return [share, memory]


def _scrape(url: str | None, stopping: threading.Event) -> None:
    while url and not stopping.wait(INTERVAL):
        with suppress(OSError), urllib.request.urlopen(url) as answer:  # noqa: S310 - http, see above
            answer.read()


Measure = Callable[[], list[float]]


def _netdata(program: str, folder: Path, seconds: float) -> list[float]:
    file = folder / "netdata.conf"
    file.write_text(_NETDATA.format(folder=folder, interval=INTERVAL, port=free_port()))
    return measure([program, "-D", "-c", str(file)], seconds)


def _telegraf(program: str, folder: Path, port: int, seconds: float) -> list[float]:
    file = folder / "telegraf.conf"
    file.write_text(_TELEGRAF.format(interval=INTERVAL, port=port))
    return measure([program, "--config", str(file)], seconds)


def _node_exporter(program: str, seconds: float) -> list[float]:
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"--web.listen-address={address}"]
    return measure(command, seconds, f"http://{address}/metrics")


def _up(folder: Path, seconds: float) -> list[float]:
    ports = ["--http-port", str(free_port()), "--mqtt-port", str(free_port())]
    return measure([_command(), "up", *ports, "--data-dir", str(folder)], seconds)


def _collector(port: int, seconds: float) -> list[float]:
    return measure([_command(), "collector", "--mqtt-url", f"mqtt://127.0.0.1:{port}"], seconds)


def _command() -> str:
    return str(Path(sys.executable).with_name("system-monitor"))


def figures(rounds: int, seconds: float = 60) -> Iterator[Figure]:
    """Yield the medians; each round measures all of them in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = EmbeddedBroker("127.0.0.1", free_port())
        broker.start()
        try:
            found = _measured(folder, broker.port, rounds, seconds)
        finally:
            broker.stop()
    for ours, peer, aims in (
        ("up", "netdata", ("ratio ≤ 0.5", "≤ 55 MiB")),
        ("collector", "Telegraf", ("ratio ≤ 0.6", "ratio ≤ 1.0")),
        ("collector", "node_exporter", ("", "")),
    ):
        own, other = found[ours], found.get(peer, [None, None])
        yield Figure(f"`{ours}`: CPU time", own[0], "% of a core", aims[0], peer, other[0])
        yield Figure(f"`{ours}`: memory", own[1], "MiB", aims[1], peer, other[1])


def _measured(folder: Path, port: int, rounds: int, seconds: float) -> dict[str, list[float]]:
    ours: dict[str, Measure] = {
        "up": partial(_up, folder / "data", seconds),
        "collector": partial(_collector, port, seconds),
    }
    peers: dict[str, tuple[str, Callable[[str], list[float]]]] = {
        "netdata": ("netdata", lambda program: _netdata(program, folder, seconds)),
        "Telegraf": ("telegraf", lambda program: _telegraf(program, folder, port, seconds)),
        "node_exporter": (
            "prometheus-node-exporter",
            lambda program: _node_exporter(program, seconds),
        ),
    }
    installed = {
        name: partial(run, program)
        for name, (file, run) in peers.items()
        if (program := shutil.which(file))
    }
    results: dict[str, list[list[float]]] = {}
    for _ in range(rounds):
        for name, run in (ours | installed).items():
            results.setdefault(name, []).append(run())
    return {name: medians(each) for name, each in results.items()}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each of them")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    print_table(figures(options.rounds, options.seconds))


if __name__ == "__main__":
    main()
