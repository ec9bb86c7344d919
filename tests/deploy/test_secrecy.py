"""No secret appears where others could see it."""

import json
import urllib.request
from pathlib import Path

import psutil
from websockets.sync.client import connect

from tests.deploy.monitor import SECONDS, finished, free_ports, running

TOKEN = "correct-horse-battery"  # noqa: S105 - must not appear
PASSWORD = "staple-of-the-broker"  # noqa: S105 - likewise


def test_a_running_system_shows_no_secret_even_at_log_level_debug(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    variables = {
        "SYSTEM_MONITOR_HTTP_TOKEN_FILE": str(tmp_path / "token"),
        "SYSTEM_MONITOR_MQTT_PASSWORD_FILE": str(tmp_path / "password"),
        "SYSTEM_MONITOR_MQTT_USER": "me",
        "SYSTEM_MONITOR_LOG_LEVEL": "debug",
    }
    with running(tmp_path / "run", "up", *free_ports(), variables=variables) as up:
        place = f"127.0.0.1:{up.http_port}/api/v1/system"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(f"http://{place}/hosts", headers=headers)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - http
            shown = answer.read().decode()
        with connect(f"ws://{place}/ws", additional_headers=headers, proxy=None) as stream:
            assert json.loads(stream.recv(timeout=SECONDS))
        assert up.answer("/api/v1/system/metrics")[0] == 401
        for process in (up.process, *up.process.children(recursive=True)):
            shown += f"{process.cmdline()} {process.name()}"
            for thread in process.threads():
                shown += Path(f"/proc/{process.pid}/task/{thread.id}/comm").read_text()
        for process in up.process.children(recursive=True):
            shown += str(psutil.Process(process.pid).environ())
    said = shown + up.stdout + up.stderr
    assert " DEBUG " in up.stderr
    assert "mqtt://me:********@127.0.0.1" in up.stdout
    assert [secret for secret in (TOKEN, PASSWORD) if secret in said] == []


def test_check_shows_no_secret(tmp_path: Path) -> None:
    end = finished(
        tmp_path,
        "check",
        *free_ports(),
        SYSTEM_MONITOR_HTTP_TOKEN=TOKEN,
        SYSTEM_MONITOR_MQTT_USER="me",
        SYSTEM_MONITOR_MQTT_PASSWORD=PASSWORD,
        SYSTEM_MONITOR_LOG_LEVEL="debug",
    )
    assert end.returncode == 0
    assert end.stdout.count("********") == 2
    assert [secret for secret in (TOKEN, PASSWORD) if secret in end.stdout + end.stderr] == []
