"""One API with a token, for all tests of the access to it."""

from collections.abc import Iterator

import pytest

from telemetry.bus.connection import BusConnection
from tests.api.running import RunningApi, cpu, running_api

TOKEN = "correct-horse/battery+staple="  # noqa: S105 - of these tests


@pytest.fixture(scope="package")
def guarded(
    shared_bus: BusConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    """Run an API with a token."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_api(shared_bus, folder, http_token=TOKEN) as running:
        running.feed(cpu())
        yield running
