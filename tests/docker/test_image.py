"""The image alone, with everything in one container."""

import json
import time
from collections.abc import Iterator
from functools import partial

import pytest

from telemetry import __version__
from tests.docker.composed import IMAGE, Composed
from tests.docker.engine import docker, works
from tests.services.processes import wait_until

pytestmark = pytest.mark.docker
GUARDS = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),  # noqa: S108 - in the container
    *("--security-opt", "no-new-privileges"),
)
KILL_BROKER = """
import psutil
for process in psutil.process_iter(["cmdline"]):
    if "deploy.broker_process" in process.info["cmdline"]:
        process.kill()
"""


@pytest.fixture
def container(built: Composed) -> Iterator[str]:
    """Run everything in one container with the fewest rights."""
    assert built.clone
    name = docker("run", "--detach", *GUARDS, IMAGE)
    try:
        wait_until(lambda: works("exec", name, "healthcheck", "page"), "the page")
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def processes(container: str) -> list[list[str]]:
    """Return id, state and name of each process of ``container``."""
    return [
        line.split(None, 2)
        for line in docker("top", container, "-o", "pid,stat,args").splitlines()[1:]
    ]


def test_it_runs_without_root_on_a_read_only_file_system(container: str) -> None:
    assert docker("exec", container, "id", "-u") == "10001"
    assert not works("exec", container, "touch", "/opt/system-monitor/x")


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_it_stops_within_two_seconds(container: str, signal: str) -> None:
    began = time.monotonic()
    docker("kill", "--signal", signal, container)
    assert docker("wait", container) == "0"
    assert time.monotonic() - began < 2


def test_a_killed_broker_leaves_no_zombie(container: str) -> None:
    for _ in range(3):
        wait_until(lambda: works("exec", container, "healthcheck", "page"), "the page")
        wait_until(lambda: len(processes(container)) == 2, "the broker")
        killed = {number for number, _, args in processes(container) if "broker_process" in args}
        docker("exec", container, "python", "-c", KILL_BROKER)
        wait_until(partial(_is_another, container, killed), "another broker process")
    assert not [each for each in processes(container) if each[1].startswith("Z")]


def _is_another(container: str, killed: set[str]) -> bool:
    running = {number for number, _, args in processes(container) if "broker_process" in args}
    return bool(running - killed)


def test_it_has_labels_for_its_version_and_base_image(built: Composed) -> None:
    assert built.clone
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", IMAGE))
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.base.name"].startswith("python:3")


def test_it_contains_no_build_tools(built: Composed) -> None:
    assert built.clone
    names = [
        "-name",
        "node",
        "-o",
        "-name",
        "npm",
        "-o",
        "-name",
        "node_modules",
        "-o",
        "-name",
        "hatchling",
    ]
    find = ("--rm", "--user", "0", "--entrypoint", "find", IMAGE, "/", "-xdev")
    assert docker("run", *find, "(", *names, ")") == ""
