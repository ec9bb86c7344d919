"""A real Mosquitto that a test can stop, kill and start again on the same port."""

import contextlib
import os
import signal
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Protocol

from deploy.broker_probe import accepts_clients
from tests.services.availability import docker_answers, find_mosquitto, unavailable
from tests.services.processes import ServerProcess, free_port, wait_until

_IMAGE = "eclipse-mosquitto:2.0"
SHIPPED = Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf"
# The tests choose their own port, admit every client, and use a broker that restarts empty: the
# harder case. tests/deploy/test_mosquitto.py tests the login and the access list.
_REPLACED = {
    "listener",
    "persistence",
    "persistence_location",
    "autosave_interval",
    "allow_anonymous",
    "password_file",
    "acl_file",
    "include_dir",
}


class Mosquitto(Protocol):
    """A broker on ``127.0.0.1:port``, with the limits that we ship."""

    port: int

    def start(self) -> None:
        """Start it, or start it again; return once it accepts clients."""

    def stop(self) -> None:
        """Stop it cleanly. Safe to call twice."""

    def kill(self) -> None:
        """End it as a crash would. Safe to call twice."""

    def freeze(self) -> None:
        """Suspend it: its connections stay open, but it does not respond."""

    def thaw(self) -> None:
        """Let it run again."""


@contextlib.contextmanager
def running_mosquitto(folder: Path) -> Iterator[Mosquitto]:
    """Run a broker that keeps its files in ``folder``; skip or fail if none is installed."""
    if docker_answers():
        container = MosquittoContainer(folder)
        try:
            container.start()
            yield container
        finally:
            container.remove()
        return
    program = find_mosquitto()
    if program is None:
        unavailable("mosquitto")
    process = MosquittoProcess(program, folder)
    process.start()
    try:
        yield process
    finally:
        process.stop()


class MosquittoProcess:
    """The ``mosquitto`` program as a child process."""

    def __init__(self, program: str, folder: Path) -> None:
        """Write its configuration into ``folder`` and choose a port."""
        self.port = free_port()
        file = _configure(folder, f"{self.port} 127.0.0.1")
        self._process = ServerProcess(
            [program, "-c", str(file)],
            folder / "mosquitto.log",
            lambda: _accepts_clients(self.port),
        )
        self.start = self._process.start
        self.stop = self._process.stop
        self.kill = self._process.kill

    def freeze(self) -> None:
        """Stop the process as Ctrl-Z would."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the process."""
        os.kill(self._process.pid, signal.SIGCONT)


class MosquittoContainer:
    """The same in a container."""

    def __init__(self, folder: Path) -> None:
        """Write its configuration into ``folder`` and choose a port."""
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - needs Docker

        self.port = free_port()
        file = _configure(folder, "1883")
        # A fixed port, so that clients find a restarted broker.
        self._container: Any = (
            DockerContainer(_IMAGE)
            .with_volume_mapping(str(file), "/mosquitto/config/mosquitto.conf", "ro")
            .with_bind_ports(1883, self.port)
        )
        self._exists = False

    def start(self) -> None:
        """Create the container, or start the stopped one."""
        if self._exists:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._exists = True
        wait_until(lambda: _accepts_clients(self.port), "the broker accepts clients")

    def stop(self) -> None:
        """Stop the container and keep it."""
        self._container.get_wrapped_container().stop()

    def kill(self) -> None:
        """Kill the container and keep it."""
        with contextlib.suppress(OSError):  # requests' errors: it is not running
            self._container.get_wrapped_container().kill()

    def freeze(self) -> None:
        """Pause the container."""
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        """Continue the container."""
        self._container.get_wrapped_container().unpause()

    def remove(self) -> None:
        """Remove the container."""
        if self._exists:
            self._container.stop()


def _configure(folder: Path, listener: str) -> Path:
    own = [f"listener {listener}", "allow_anonymous true", "persistence false"]
    file = folder / "mosquitto.conf"
    file.write_text("\n".join([*own, *shipped_lines(_REPLACED), ""]))
    return file


def shipped_lines(without: Collection[str]) -> list[str]:
    """Return the lines of the configuration that we ship, without some of its options."""
    lines = SHIPPED.read_text().splitlines()
    return [line for line in lines if line.partition(" ")[0] not in without]


def _accepts_clients(port: int) -> bool:
    return accepts_clients("127.0.0.1", port, seconds=1)
