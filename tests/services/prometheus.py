"""A real Prometheus with the alert rules that the project ships, and its promtool."""

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode

from tests.services.availability import find_program
from tests.services.processes import ServerProcess, free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "prometheus"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that scrapes one target."""

    url: str

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the series that ``expression`` selects now, and their values."""
        result = self._get("query", {"query": expression})["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]

    def targets(self) -> list[tuple[str, str]]:
        """Return the health of each target, and the error of its last scrape."""
        targets = self._get("targets", {})["activeTargets"]
        return [(each["health"], each["lastError"]) for each in targets]

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}?{urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http
            return json.load(answer)["data"]


@contextlib.contextmanager
def running_prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run a server that scrapes ``target`` and evaluates the rules every 0.2 s."""
    program = find_program("prometheus")
    config = {
        "global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
        "rule_files": [str(CONFIGURATION / "rules.yml")],
        "scrape_configs": [
            {"job_name": "system-monitor", "static_configs": [{"targets": [target]}]}
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config))  # which is YAML
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    server = ServerProcess(command, folder / "prometheus.log", lambda: _is_ready(url))
    server.start()
    try:
        yield Prometheus(url)
    finally:
        server.kill()


def promtool(*arguments: str, given: bytes | None = None) -> str:
    """Return what promtool prints, which must succeed."""
    program = find_program("promtool")
    run = subprocess.run([program, *arguments], input=given, capture_output=True, check=False)
    printed = (run.stdout + run.stderr).decode()
    assert run.returncode == 0, printed
    return printed


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=1) as answer:  # noqa: S310 - http
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
