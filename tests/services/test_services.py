"""The services themselves: they start, restart on their port, and report why they cannot."""

from pathlib import Path

import pytest

from tests.services import availability
from tests.services.mosquitto import Mosquitto
from tests.services.processes import ServerProcess


def test_a_broker_can_be_killed_and_started_again_on_its_port(own_mosquitto: Mosquitto) -> None:
    port = own_mosquitto.port
    for end in (own_mosquitto.kill, own_mosquitto.stop):
        end()
        end()
        own_mosquitto.start()
        assert own_mosquitto.port == port


def test_a_server_that_ends_at_once_is_an_error_with_its_output(tmp_path: Path) -> None:
    server = ServerProcess(["ls", "/no/such/file"], tmp_path / "log", lambda: False)
    with pytest.raises(RuntimeError, match="No such file"):
        server.start()
    server.stop()


@pytest.mark.parametrize(
    ("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_a_missing_service_skips_or_fails_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv(availability.REQUIRE_VARIABLE, required)
    with pytest.raises(outcome, match="no Docker daemon answers and influxd is not on PATH"):
        availability.unavailable("influxd")
