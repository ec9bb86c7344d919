"""One broker and one publisher for all tests of the API; each test has topics of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus import BrokerAddress, BusConnection
from tests.api.serving import SECONDS, RunningApi, running_api
from tests.services.processes import free_port


@pytest.fixture(scope="session")
def shared_bus() -> Iterator[BusConnection]:
    """Connect a publisher to an embedded broker that all tests of the API share."""
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    bus = BusConnection(BrokerAddress(broker.host, broker.port), "api-tests")
    bus.start()
    assert bus.wait_connected(SECONDS)
    yield bus
    bus.stop()
    broker.stop()


@pytest.fixture
def api(shared_bus: BusConnection, tmp_path: Path) -> Iterator[RunningApi]:
    """Run an API whose own host is called alpha."""
    with running_api(shared_bus, tmp_path) as running:
        yield running
