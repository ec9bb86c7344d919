"""Who may come in from other machines is decided before anything starts."""

from pathlib import Path

import psutil
import pytest

from deploy import command
from deploy.exposure import require_guarded_broker
from telemetry.errors import SettingsError
from telemetry.settings import load_settings
from tests.deploy.monitor import free_ports
from tests.services.processes import free_port

pytestmark = pytest.mark.usefixtures("own_settings")

EVERYWHERE = ["0.0.0.0", "::", "[::]"]  # noqa: S104 - what a user may ask for
LOOPBACK = ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one sentence with which the command refuses, having started nothing."""
    children = psutil.Process().children()
    assert command.run(arguments) == 2
    assert psutil.Process().children() == children
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


@pytest.mark.parametrize("host", EVERYWHERE)
def test_an_embedded_broker_without_a_login_is_kept_on_loopback(
    capsys: pytest.CaptureFixture[str], own_settings: Path, host: str
) -> None:
    data = own_settings / "data"
    sentence = refusal(capsys, "up", *free_ports(), "--mqtt-host", host, "--data-dir", str(data))
    assert sentence.startswith(f"system-monitor: mqtt_host = {host.strip('[]')} can be reached")
    for way_out in (
        "mqtt_user",
        "SYSTEM_MONITOR_MQTT_PASSWORD_FILE",
        "mqtt_allow_anonymous = true",
    ):
        assert way_out in sentence
    assert list(own_settings.iterdir()) == []


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_a_broker_needs_no_login(host: str) -> None:
    require_guarded_broker(load_settings({"mqtt_host": host}))


@pytest.mark.parametrize(
    "options",
    [
        {"mqtt_user": "me", "mqtt_password": "correct horse"},
        {"mqtt_allow_anonymous": "true"},
        {"mqtt_url": "mqtt://broker.lan"},
    ],
)
def test_with_a_login_or_for_who_insists_the_broker_may_listen_everywhere(
    options: dict[str, object],
) -> None:
    for host in EVERYWHERE:
        require_guarded_broker(load_settings({"mqtt_host": host, **options}))


def test_a_name_that_nobody_knows_is_not_taken_for_loopback() -> None:
    with pytest.raises(SettingsError, match="mqtt_host"):
        require_guarded_broker(load_settings({"mqtt_host": "no-such-name.invalid"}))


def test_check_tells_it_as_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    port = str(free_port())
    assert command.run(["check", "--mqtt-host", EVERYWHERE[0], "--mqtt-port", port]) == 1
    assert "PROBLEM: mqtt_host = 0.0.0.0 can be reached" in capsys.readouterr().out
