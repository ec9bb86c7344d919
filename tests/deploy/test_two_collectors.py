"""Two collectors that call themselves the same, on one broker."""

import json
import signal
from pathlib import Path

import pytest

from tests.deploy.monitor import SECONDS, Monitor, running
from tests.services.embedded import Listener
from tests.services.processes import wait_until


@pytest.fixture(params=["broker", pytest.param("own_mosquitto", marks=pytest.mark.soak)])
def port(request: pytest.FixtureRequest) -> int:
    found: int = request.getfixturevalue(request.param).port
    return found


def test_the_second_is_refused_with_one_sentence_and_the_first_goes_on(
    port: int, tmp_path: Path
) -> None:
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{port}", "--host-name", "alpha"]
    options += ["--interval-seconds", "0.2"]
    with running(tmp_path, "collector", *options) as first, Listener(port) as listener:
        status = json.loads(listener.wait_for("system/status")[-1])
        second = Monitor(tmp_path / "second", "collector", *options)
        try:
            assert second.process.wait(SECONDS) == 2
        finally:
            if second.process.poll() is None:
                second.process.kill()
        refusals = [each for each in second.complaints.splitlines() if "host_name" in each]
        assert refusals == [second.complaints.splitlines()[-1]]
        assert "host_name='alpha' is taken" in refusals[0]
        assert "--host-name" in refusals[0]
        listener.heard.clear()
        listener.wait_for("system/cpu", 3)
        wait_until(lambda: kept(port)["started"] == status["started"], "its word is kept", SECONDS)
        assert kept(port)["state"] == "online"
        assert first.process.poll() is None
        first.process.kill()
        first.process.wait(SECONDS)
        with running(tmp_path / "again", "collector", *options) as again:
            wait_until(lambda: kept(port)["started"] > status["started"], "the next", SECONDS)
            assert again.end(signal.SIGTERM)[0] == 0


def kept(port: int) -> dict[str, int | str]:
    """Return the status that the broker keeps."""
    with Listener(port, "system/status") as listener:
        found: dict[str, int | str] = json.loads(listener.wait_for("system/status")[0])
    return found
