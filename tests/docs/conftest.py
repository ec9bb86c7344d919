"""A running ``up``, for the examples on the pages."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.monitor import COMMAND, Monitor, environment, free_ports, running


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Run ``up`` with a few samples in its history."""
    folder = tmp_path_factory.mktemp("examples")
    with running(folder, "up", *free_ports(), "--interval-seconds", "0.2") as monitor:
        monitor.wait_for_history(3)
        yield monitor


@pytest.fixture
def shell(up: Monitor, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a shell that has ``system-monitor``, and the ports of ``up``."""
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    ports = {"HTTP_PORT": up.http_port, "MQTT_PORT": up.mqtt_port}
    variables = {f"SYSTEM_MONITOR_{name}": str(port) for name, port in ports.items()}
    return environment(tmp_path, PATH=path, **variables)
