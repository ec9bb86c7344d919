"""One Chromium and one system with eight GPUs for all tests of the dashboard."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.api.dashboard.browser import OpenVisit, Visit, find_chromium, running_chromium
from tests.deploy.monitor import Monitor, free_ports, running
from tests.fakes.nvml import FakeNvml
from tests.services.availability import REQUIRE_VARIABLE
from tests.services.processes import wait_until

HOST = "alpha"
# Markup in a name must never run, wherever the name is shown.
MARKUP_HOST = "<img src=x onerror=window.ran=1><script>window.ran=1<"
MARKUP_GPU = "<img src=x onerror=window.ran=1>"
GPU_WITH_MARKUP = 3
GPU_WITHOUT_TEMPERATURE = 5
INTERVAL_SECONDS = 0.5
_NOT_SUPPORTED = 3
_PATIENCE_MS = 10_000.0  # Playwright's default, 5 s, is short on a busy machine
_INTERVAL = ["--interval-seconds", str(INTERVAL_SECONDS)]


@dataclass(frozen=True)
class Laboratory:
    """A running system: a host with eight GPUs, and one without GPUs whose name is markup."""

    monitor: Monitor
    gpus: FakeNvml
    data: Path

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.monitor.http_port}"

    @property
    def broker(self) -> list[str]:
        """Options for this system's broker."""
        return ["--mqtt-url", f"mqtt://127.0.0.1:{self.monitor.mqtt_port}"]

    @contextmanager
    def collector(self, folder: Path, host: str) -> Iterator[Monitor]:
        """Run a second collector, for ``host``, which has no GPU."""
        folder.mkdir(parents=True, exist_ok=True)
        none = FakeNvml(self.gpus.library, folder / "script")
        none.set_gpus(0)
        options = [*self.broker, "--host-name", host, *_INTERVAL]
        with running(folder, "collector", *options, variables=none.environment) as collector:
            wait_until(lambda: self.has_reported(host), f"the samples of {host}")
            yield collector

    def has_reported(self, host: str) -> bool:
        """Return whether there is a sample and a status of ``host``."""
        status, metrics = self.monitor.answer("/api/v1/system/metrics", host=host)
        return status == 200 and metrics["cpu"] is not None and metrics["state"] is not None


# For the package, not the session: while Playwright runs, tests elsewhere could not use asyncio.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Run Chromium; without one, skip, or fail if services are required."""
    path = find_chromium()
    if path is None:
        reason = "CHROMIUM does not name a browser and chromium is not on PATH"
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
        pytest.skip(reason)
    expect.set_options(timeout=_PATIENCE_MS)
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def laboratory(
    nvml_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    """Run a system that has some history; a test may set readings of GPU 0 and 6."""
    folder = tmp_path_factory.mktemp("laboratory")
    gpus = FakeNvml(nvml_library, folder / "script")
    gpus.set_gpus(8)
    gpus.set_readings(GPU_WITH_MARKUP, name=MARKUP_GPU)
    for function in ("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV"):
        gpus.fail(_NOT_SUPPORTED, function, GPU_WITHOUT_TEMPERATURE)
    data = folder / "data"
    options = [*free_ports(), "--data-dir", str(data), "--host-name", HOST, *_INTERVAL]
    options += ["--advisor", "false"]  # what it finds on a busy machine would move the panels
    with ExitStack() as stack:
        up = running(folder, "up", *options, variables=gpus.environment)
        laboratory = Laboratory(stack.enter_context(up), gpus, data)
        stack.enter_context(laboratory.collector(folder / "markup", MARKUP_HOST))
        laboratory.monitor.wait_for_history(4, "system/gpu/7")
        yield laboratory


@pytest.fixture
def open_visit(chromium: Browser, laboratory: Laboratory) -> Iterator[OpenVisit]:
    """Return a function that starts visits; they end with the test, without problems."""
    visits: list[Visit] = []
    checked: list[Visit] = []

    def start(address: str = "", *, may_fail: bool = False, **options: Any) -> Visit:
        visit = Visit.start(chromium, address or laboratory.address, **options)
        visits.append(visit)
        if not may_fail:
            checked.append(visit)
        return visit

    yield start
    for each in visits:
        each.context.close()
    assert [each.problems for each in checked] == [[] for _ in checked]


@pytest.fixture
def visit(open_visit: OpenVisit) -> Visit:
    """Show the dashboard in a wide window."""
    visit = open_visit(viewport={"width": 1440, "height": 900})
    visit.go()
    return visit
