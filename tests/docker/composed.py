"""The composed system, started from a copy of this clone as a user would."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.docker.engine import docker
from tests.services.processes import wait_until

ROOT = Path(__file__).parents[2]
IMAGE = "system-monitor:exercise"
PROJECT = "system-monitor-exercise"
SERVICES = ("mosquitto", "influxdb", "collector", "ingester", "advisor", "api")
_COPIED = ("deploy", "docs", "locks", "telemetry", "collector", "ingester", "advisor", "api")
_FILES = ("pyproject.toml", "hatch_build.py", "README.md", ".dockerignore")
_NOT_COPIED = ("__pycache__", "node_modules", "static", "secrets", ".env")
_SECONDS = 90.0


def copy_clone(folder: Path) -> Path:
    """Copy what the image and compose.yaml need, without any secrets; return the folder."""
    ignored = shutil.ignore_patterns(*_NOT_COPIED)
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    return folder


@dataclass
class Composed:
    """The services of ``compose.yaml`` in the clone at ``clone``, with the page on ``port``."""

    clone: Path
    port: int
    broker_port: int | None = None

    def setup(self, *arguments: str) -> None:
        """Run ``deploy/setup``."""
        subprocess.run(
            [self.clone / "deploy" / "setup", *arguments], check=True, capture_output=True
        )

    def compose(self, *arguments: str) -> str:
        """Run ``docker compose`` for it."""
        files = ["compose.yaml"] + ["compose.fleet.yaml"] * (self.broker_port is not None)
        named = [f"--file={self.clone}/deploy/{file}" for file in files]
        variables = {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "SYSTEM_MONITOR_IMAGE": IMAGE,
            "SYSTEM_MONITOR_PORT": str(self.port),
            "MQTT_LISTEN": "127.0.0.1",
            "MQTT_PORT": str(self.broker_port),
        }
        return docker("compose", *named, *arguments, variables=variables)

    def open_broker(self, port: int) -> None:
        """Let other machines reach the broker, on ``port``."""
        self.broker_port = port
        self.compose("up", "--detach")

    def container(self, service: str) -> str:
        """Return the id of the container of ``service``."""
        return self.compose("ps", "--all", "--quiet", service)

    def secret(self, name: str) -> str:
        """Return the secret ``name``."""
        return (self.clone / "deploy" / "secrets" / name).read_text()

    def secrets(self) -> dict[str, str]:
        """Return every secret, and each password of the broker's list."""
        folder = self.clone / "deploy" / "secrets"
        found = {each.name: each.read_text() for each in folder.iterdir() if each.is_file()}
        lines = found.pop("mosquitto_passwords").splitlines()
        return found | {
            f"broker:{user}": word for user, _, word in (line.partition(":") for line in lines)
        }

    @property
    def host(self) -> str:
        """The host name of the monitored machine."""
        lines = (self.clone / "deploy" / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["SYSTEM_MONITOR_HOST_NAME"]

    @property
    def address(self) -> str:
        """The URL of the page."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, *, token: bool = True, **parameters: object) -> tuple[int, Any]:
        """Return the status and the body of ``path``; the status is 0 if there is no answer."""
        headers = {"Authorization": f"Bearer {self.secret('http_token')}"} if token else {}
        url = f"{self.address}{path}?{urlencode(parameters)}"
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, None

    def timestamps(self, host: str = "") -> list[int]:
        """Return the times of the CPU samples in the history."""
        status, body = self.answer(
            "/api/v1/system/history",
            channel="system/cpu",
            host=host or self.host,
            max_points=5000,
        )
        found = body["channels"].get("system/cpu") if status == 200 else None
        return list(found["timestamps"]) if found else []

    def wait_for_samples_after(self, moment: float) -> None:
        """Wait until the history has a sample taken after ``moment``, in Unix seconds."""
        wait_until(
            lambda: any(each > moment * 1000 for each in self.timestamps()[-1:]),
            "a new sample in the history",
            _SECONDS,
        )

    def wait_healthy(self) -> None:
        """Wait until Docker reports each container as healthy."""
        for service in SERVICES:
            wait_until(
                partial(_is_healthy, self.container(service)), f"{service} is healthy", _SECONDS
            )

    def crash(self, service: str, seconds: float) -> None:
        """Kill the container of ``service``, and start it again after ``seconds``."""
        container = self.container(service)
        docker("kill", container)
        time.sleep(seconds)
        docker("start", container)


def _is_healthy(container: str) -> bool:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container) == "healthy"
