"""Collector, ingester and api, each in its own process, with a separate broker."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.deploy.monitor import Monitor, running
from tests.services.processes import free_port


class Parts(NamedTuple):
    """The three processes."""

    collector: Monitor
    ingester: Monitor
    api: Monitor

    def state(self) -> str | None:
        """Return the state of the collector that the API reports."""
        hosts = self.api.get("/hosts")["hosts"]
        return hosts[0]["state"] if hosts else None


@contextmanager
def running_parts(folder: Path, broker_port: int, interval: float = 0.2) -> Iterator[Parts]:
    """Run the three with the broker at ``broker_port``, under a unique topic prefix."""
    shared = [
        *("--mqtt-url", f"mqtt://127.0.0.1:{broker_port}"),
        *("--topic-prefix", f"{uuid.uuid4().hex}/{{host}}"),
    ]
    data = ["--data-dir", str(folder / "data")]
    roles = {
        "api": [*data, "--http-port", str(free_port())],
        "ingester": [*data, "--metrics-port", str(free_port())],
        "collector": [
            *("--host-name", "alpha", "--interval-seconds", str(interval)),
            *("--metrics-port", str(free_port())),
        ],
    }
    with ExitStack() as stack:
        started = {
            role: stack.enter_context(running(folder, role, *shared, *options, wait=False))
            for role, options in roles.items()
        }
        for monitor in started.values():
            monitor.wait_started()
        yield Parts(**started)
