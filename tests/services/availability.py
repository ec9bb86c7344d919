"""Whether a service is available here, and what a test does if it is not."""

import os
import shutil
import socket
from functools import cache
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

REQUIRE_VARIABLE = "REQUIRE_SERVICES"
INFLUXD_VERSION = "2.7.12"
_DOCKER_PORT = 2375


@cache
def docker_answers() -> bool:
    """Return whether a Docker daemon accepts connections, so that containers can be started.

    Docker's own library is not used: it leaves a socket open if no daemon answers.
    """
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address.path)
        else:
            target = (address.hostname, address.port or _DOCKER_PORT)
            socket.create_connection(target, timeout=5).close()
    except OSError:
        return False
    return True


def find_mosquitto() -> str | None:
    """Return Mosquitto's path; Debian installs it off an ordinary user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def find_influxd() -> str | None:
    """Return influxd's path: from PATH, or the one that ``.ci/run`` has built."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache_home / "system-monitor" / f"influxd-{INFLUXD_VERSION}"
    return shutil.which("influxd") or shutil.which("influxd", path=str(built))


def find_program(name: str) -> str:
    """Return the path of a program of Debian's; skip or fail if it is not installed."""
    return shutil.which(name) or skip_or_fail(f"{name} is not on PATH")


def unavailable(service: str) -> NoReturn:
    """Skip the test because ``service`` is unavailable; fail it if every service is required."""
    skip_or_fail(f"no Docker daemon answers and {service} is not on PATH")


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test for ``reason``; fail it if every service is required."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
    pytest.skip(reason)
