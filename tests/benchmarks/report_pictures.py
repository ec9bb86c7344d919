"""Pictures of a run's report: ``python -m tests.benchmarks.report_pictures [--folder FOLDER]``.

Stores a run of five hours in a real history, with samples that are made up, fetches its report from
a real API, and writes ``report-light.png`` and ``report-dark.png``; with ``--whole``, of the whole
page, and ``report.pdf``, as it is printed. Needs Chromium, from PATH or the variable CHROMIUM.
"""

import argparse
import math
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.catalogue import FINDING, RUN
from telemetry.clock import unix_milliseconds
from telemetry.events import END, Event
from telemetry.samples import Sample
from tests.api.dashboard.browser import find_chromium, running_chromium
from tests.api.running import running_api
from tests.services.processes import free_port

HOST, IDENTITY = "gpu-07", "ablation-7-3f9a1c"
LENGTH = 5 * 3_600_000
INTERVAL = 10_000
EPOCH = 2_700_000
HEATING = (2 * EPOCH, 4 * EPOCH)
GIB = 1024**3


def samples(start: int) -> Iterator[Sample]:
    """Yield the samples of a training whose data loader leaks, and whose GPU 1 gets too hot."""
    chance = random.Random(7)  # noqa: S311 - the same picture each time
    for time in range(0, LENGTH, INTERVAL):
        phase = time % EPOCH / EPOCH
        works = time > 240_000 and phase < 0.94
        hot = HEATING[0] < time < HEATING[1]
        for gpu in (0, 1):
            slow = hot and gpu == 1
            load = (62 if slow else 93) + chance.gauss(0, 3) if works else 8 + chance.random() * 9
            heat = 71 + 6 * gpu + (14 if slow else 0) if works else 52.0
            memory = (61 + gpu) * GIB if time > 60_000 else 2 * GIB
            values = {
                "utilization": min(100.0, load),
                "memory_used": int(memory * (1 if works else 0.86)),
                "memory_total": 80 * GIB,
                "temperature": heat + chance.gauss(0, 0.7),
                "power": (310 if slow else 382) + chance.gauss(0, 9) if works else 118.0,
                "throttle_shares": {"sw_thermal_slowdown": 71.0 if slow else 0.0, "gpu_idle": 1.0},
            }
            yield Sample(f"system/gpu/{gpu}", HOST, start + time, values)
        core = 46 + 8 * math.sin(time / 300_000) + chance.gauss(0, 2)
        cpu = {"utilization": core if works else core / 4, "per_core": [core]}
        yield Sample("system/cpu", HOST, start + time, cpu)
        ram = 38 * GIB + time / LENGTH * 208 * GIB
        memory_values = {"ram_used": int(ram), "ram_total": 256 * GIB}
        yield Sample("system/memory", HOST, start + time, {**memory_values, "swap_used": 0})
        disk = 1800.0 if time < 240_000 else 240 * works + chance.random() * 20
        rates = {"read_rate": disk, "write_rate": 900.0 if phase > 0.94 else 3 * chance.random()}
        yield Sample("system/disk", HOST, start + time, rates)


def events(start: int) -> Iterator[Event]:
    """Yield the run, its annotations and what was found."""
    example: dict[str, Any] = {field.name: field.example for field in RUN.fields}
    summary = {**example["summary"], "duration": LENGTH / 1000, "gpu_hours": 9.93}
    summary |= {"ram_peak": 246 * GIB, "gpu_memory_peak": 62 * GIB, "throttled_share": 25.6}
    summary |= {"energy_joules": 1.28e7, "idle_held_share": 6.1, "read_bytes": 3.9e12}
    end = {**example, "started": start, "ended": start + LENGTH, "signal": "SIGKILL"}
    end |= {"summary": summary, "how": "command"}
    channel = RUN.channel.format(run=IDENTITY)
    begin = {**end, "ended": None, "signal": None, "summary": None}
    yield Event(channel, IDENTITY, start, HOST, begin)
    yield Event(channel, IDENTITY + END, start + LENGTH, HOST, end)
    for epoch in range(7):
        values = {"text": f"epoch {epoch}", "tags": ["train"], "run": "ablation-7"}
        if epoch == 3:
            values["text"] = "epoch 3, learning rate 1e-4"
        yield Event("system/annotations", f"e{epoch}", start + epoch * EPOCH, HOST, values)
    growth = {
        **{field.name: field.example for field in FINDING.fields},
        "subject": "host",
        "since": start + 2_700_000,
        "severity": "critical",
        "summary": "RAM grows by 41.6 GB/h; out of memory in 9 to 16 min",
        "advice": "Save a checkpoint soon, and look for a data loader that keeps its batches.",
    }
    yield Event("system/findings/memory_growth/host", "g", start + 2_700_000, HOST, growth)
    heat = {
        **growth,
        "kind": "throttling",
        "subject": "gpu1",
        "since": start + HEATING[0] + 300_000,
        "severity": "warning",
        "summary": "GPU 1 is too hot: slowed down in 71% of the last 5 min, to 62% of its clock",
        "advice": "Improve its cooling, or lower its power limit.",
    }
    topic = "system/findings/throttling/gpu1"
    yield Event(topic, "t", start + HEATING[0] + 300_000, HOST, heat)
    over = {**heat, "state": "over"}
    yield Event(topic, f"t{END}", start + HEATING[1] + 300_000, HOST, over)


def take(browser: Browser, address: str, folder: Path, *, whole: bool) -> None:
    """Write the pictures of the report at ``address``."""
    for colours in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 1000, "height": 1250},
            color_scheme=colours,
        )
        page = context.new_page()
        page.goto(address)
        page.screenshot(path=folder / f"report-{colours}.png", full_page=whole)
        if whole:
            page.pdf(path=folder / "report.pdf", format="A4", print_background=True)
        context.close()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--whole", action="store_true", help="also what is below the window")
    arguments = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is missing: set the variable CHROMIUM to its path.")
    start = unix_milliseconds() - LENGTH - 60_000
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = EmbeddedBroker("127.0.0.1", free_port())
        broker.start()
        stack.callback(broker.stop)
        bus = BusConnection(BrokerAddress(broker.host, broker.port), "pictures")
        api = stack.enter_context(running_api(bus, data, history_hours=24))
        stored = list(samples(start))
        for first in range(0, len(stored), 500):
            api.writer.write(stored[first : first + 500])
        api.writer.write(list(events(start)))
        path = f"http://127.0.0.1:{api.server.port}/api/v1/system/runs/{IDENTITY}/report"
        browser = stack.enter_context(running_chromium(chromium))
        take(browser, path, arguments.folder, whole=arguments.whole)


if __name__ == "__main__":
    main()
