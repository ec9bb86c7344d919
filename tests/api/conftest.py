"""Running APIs for the tests; each has its own topics at the shared broker."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.status import SensorReport, SensorState
from tests.api.running import (
    RunningApi,
    every_family,
    gpu_report,
    running_api,
    status,
)


@pytest.fixture(scope="session")
def shared_api(
    shared_bus: BusConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    """Run an API for all tests that do not change it; alpha has reported every family."""
    with running_api(shared_bus, tmp_path_factory.mktemp("shared_api")) as running:
        samples = every_family()
        running.feed(*samples, status(sensors=gpu_report(SensorReport(SensorState.OK))))
        running.store(*samples)
        yield running


@pytest.fixture(scope="session")
def stop_later(shared_bus: BusConnection) -> Iterator[Callable[[ExitStack], None]]:
    """Stop APIs while the next tests run: uvicorn sleeps for 0.1 s of each stop."""
    assert shared_bus.connected
    with ThreadPoolExecutor() as threads:
        stops: list[Future[None]] = []
        yield lambda stack: stops.append(threads.submit(stack.close))
        for stop in stops:
            stop.result()


@pytest.fixture
def api(
    shared_bus: BusConnection, tmp_path: Path, stop_later: Callable[[ExitStack], None]
) -> Iterator[RunningApi]:
    """Run an API whose own host is named alpha."""
    with ExitStack() as stack:
        yield stack.enter_context(running_api(shared_bus, tmp_path))
        stop_later(stack.pop_all())
