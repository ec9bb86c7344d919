"""The report of a run that has ended is saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.runs import report
from telemetry.errors import SystemMonitorError
from telemetry.settings.loading import load_settings
from tests.services.in_thread import served
from tests.services.processes import free_port

pytestmark = pytest.mark.usefixtures("own_settings")
TOKEN = "0123456789abcdef"  # noqa: S105 - of the stand-in


@pytest.fixture(autouse=True)
def nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_SETTLE_SECONDS", 0.0)


@contextmanager
def api(*statuses: int) -> Iterator[tuple[int, list[str]]]:
    """Answer with each status once, then with the report; yield the port and the requests."""
    left, seen = list(statuses), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()
            self.wfile.write(b"<p>a report")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with served(server):
        yield server.server_port, seen


def save(port: int, folder: Path) -> Path:
    settings = load_settings({"http_port": str(port), "http_token": TOKEN, "host_name": "é"})
    return report.save(settings, "ablation-7-1", folder)


def test_it_is_saved_once_the_end_is_in_the_history(tmp_path: Path) -> None:
    with api(404, 503) as (port, seen):
        file = save(port, tmp_path / "new" / "folder")
    assert (file.name, file.read_text()) == ("ablation-7-1.html", "<p>a report")
    path = "/api/v1/system/runs/ablation-7-1/report?ended=true&host=%C3%A9"
    assert seen == [f"{path} Bearer {TOKEN}"] * 3


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "status 401: set http_token_file"), (500, "status 500.")]
)
def test_what_the_api_refuses_is_reported(tmp_path: Path, status: int, reason: str) -> None:
    with api(status) as (port, _), pytest.raises(SystemMonitorError, match=reason):
        save(port, tmp_path)


def test_an_api_that_cannot_be_reached_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SystemMonitorError, match=r"cannot be reached.*start it, or set http_host"):
        save(free_port(), tmp_path)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with api() as (port, _), pytest.raises(SystemMonitorError, match="could not be written to"):
        save(port, file)
