"""Two collectors with the same host name at one broker."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.monitor import running
from tests.services.embedded import Listener
from tests.services.processes import wait_until

pytestmark = pytest.mark.soak  # tenure takes ten seconds, an attempt of the other up to a minute


@pytest.fixture(params=["broker", "own_mosquitto"])
def port(request: pytest.FixtureRequest) -> int:
    found: int = request.getfixturevalue(request.param).port
    return found


def test_the_second_waits_and_reports_what_to_do_until_the_first_has_gone(
    port: int, tmp_path: Path
) -> None:
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{port}", "--host-name", "alpha"]
    options += ["--interval-seconds", "0.2"]
    with Listener(port) as listener, running(tmp_path, "collector", *options) as first:
        listener.wait_for("system/cpu", 60, 30)
        before = retained_status(port)
        with running(tmp_path / "second", "collector", *options) as second:
            wait_until(lambda: "--host-name" in second.stderr, "it says what to do", 20)
            assert "another client probably uses that name" in second.stderr
            listener.received.clear()
            listener.wait_for("system/cpu", 300, 90)  # another attempt among them
            assert retained_status(port)["started"] == before["started"]
            assert retained_status(port)["state"] == "online"
            assert second.process.poll() is None
            first.process.kill()
            first.process.wait()
            wait_until(
                lambda: retained_status(port)["started"] > before["started"], "the second is in", 90
            )


def retained_status(port: int) -> dict[str, Any]:
    """Return the status that the broker retains."""
    with Listener(port, "system/status") as listener:
        found: dict[str, Any] = json.loads(listener.wait_for("system/status")[0])
    return found
