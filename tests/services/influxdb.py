"""A real InfluxDB 2.x, set up for the tests."""

import contextlib
import json
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from tests.services.availability import (
    INFLUXD_VERSION,
    docker_answers,
    find_influxd,
    unavailable,
)
from tests.services.processes import ServerProcess, free_port, wait_until

_IMAGE = f"influxdb:{INFLUXD_VERSION}"
_PORT = 8086


@dataclass(frozen=True, slots=True)
class Influxdb:
    """An InfluxDB with an organization and a token that may do everything in it."""

    url: str
    org: str = "tests"
    token: str = "token-of-the-tests"  # noqa: S105 - of a server that ends with the tests

    def new_bucket(self) -> str:
        """Return the name of a bucket that does not exist yet."""
        return f"bucket-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def running_influxdb(folder: Path) -> Iterator[Influxdb]:
    """Run a server that keeps its data in ``folder``; skip or fail if none is installed."""
    if docker_answers():
        with _container() as url:
            yield _set_up(url)
        return
    program = find_influxd()
    if program is None:
        unavailable("influxd")
    with _process(program, folder) as url:
        yield _set_up(url)


@dataclass(frozen=True, slots=True)
class OwnInfluxdb:
    """A server for one test, and its process, to stop, kill and start again."""

    account: Influxdb
    server: ServerProcess


@contextlib.contextmanager
def own_running_influxdb(folder: Path) -> Iterator[OwnInfluxdb]:
    """Run a server as a child process; skip or fail if none is installed."""
    program = find_influxd()
    if program is None:
        unavailable("influxd")
    url, server = _server(program, folder)
    server.start()
    try:
        yield OwnInfluxdb(_set_up(url), server)
    finally:
        server.kill()


@contextlib.contextmanager
def _process(program: str, folder: Path) -> Iterator[str]:
    url, server = _server(program, folder)
    server.start()
    try:
        yield url
    finally:
        server.stop()


def _server(program: str, folder: Path) -> tuple[str, ServerProcess]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        program,
        f"--http-bind-address=127.0.0.1:{port}",
        f"--bolt-path={folder / 'influxd.bolt'}",
        f"--sqlite-path={folder / 'influxd.sqlite'}",
        f"--engine-path={folder / 'engine'}",
        "--reporting-disabled",
    ]
    return url, ServerProcess(command, folder / "influxd.log", lambda: _is_ready(url))


@contextlib.contextmanager
def _container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - needs Docker

    with DockerContainer(_IMAGE).with_exposed_ports(_PORT) as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(_PORT)
        url = f"http://{host}:{port}"
        wait_until(lambda: _is_ready(url), "InfluxDB is ready")
        yield url


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:  # noqa: S310 - http
            return bool(json.load(answer)["status"] == "pass")
    except (URLError, OSError):
        return False


def _set_up(url: str) -> Influxdb:
    influxdb = Influxdb(url)
    body = {
        "username": "tests",
        "password": "password-of-the-tests",
        "org": influxdb.org,
        "bucket": "unused",
        "token": influxdb.token,
    }
    request = urllib.request.Request(  # noqa: S310 - http
        f"{url}/api/v2/setup",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - http
        return influxdb
