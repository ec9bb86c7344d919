"""One broker and one publisher for all API tests; each test uses its own topics."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import broker_memory
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.status import SensorReport, SensorState
from tests.api.running import (
    SECONDS,
    RunningApi,
    every_family,
    gpu_report,
    running_api,
    status,
)
from tests.services.processes import free_port


@pytest.fixture(scope="session")
def shared_bus() -> Iterator[BusConnection]:
    """Connect a publisher to an embedded broker shared by all API tests.

    Each API of a test has its own topics. The broker never frees their logs: 2.5 MB for each API.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker_memory, "LIMIT_BYTES", 4_000_000_000)
        broker = EmbeddedBroker("127.0.0.1", free_port())
        broker.start()
        bus = BusConnection(BrokerAddress(broker.host, broker.port), "api-tests")
        bus.start()
        assert bus.wait_connected(SECONDS)
        yield bus
        bus.stop()
        broker.stop()


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
