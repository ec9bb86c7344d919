"""Access from other machines is checked before anything starts."""

from pathlib import Path

import psutil
import pytest

from deploy import command
from deploy.exposure import require_guarded_api, require_guarded_broker
from telemetry.errors import SettingsError
from telemetry.settings.loading import load_settings
from tests.deploy.monitor import free_ports

pytestmark = pytest.mark.usefixtures("own_settings")

EVERYWHERE = ["0.0.0.0", "::", "[::]"]  # noqa: S104 - what a user may ask for
LOOPBACK = ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one sentence of the error; nothing has been started."""
    children = psutil.Process().children()
    assert command.run(arguments) == 2
    assert psutil.Process().children() == children
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


@pytest.mark.parametrize("host", EVERYWHERE)
def test_an_embedded_broker_without_a_login_may_only_use_loopback(
    capsys: pytest.CaptureFixture[str], own_settings: Path, host: str
) -> None:
    data = own_settings / "data"
    sentence = refusal(capsys, "up", *free_ports(), "--mqtt-host", host, "--data-dir", str(data))
    assert sentence.startswith(
        f"system-monitor: mqtt_host = {host.strip('[]')} accepts connections"
    )
    for solution in (
        "mqtt_user",
        "SYSTEM_MONITOR_MQTT_PASSWORD_FILE",
        "mqtt_allow_anonymous = true",
    ):
        assert solution in sentence
    assert list(own_settings.iterdir()) == []


@pytest.mark.parametrize("role", ["up", "api"])
@pytest.mark.parametrize("host", EVERYWHERE)
def test_an_api_without_a_token_may_only_use_loopback(
    capsys: pytest.CaptureFixture[str], own_settings: Path, role: str, host: str
) -> None:
    data = own_settings / "data"
    sentence = refusal(capsys, role, *free_ports(), "--http-host", host, "--data-dir", str(data))
    assert sentence.startswith(
        f"system-monitor: http_host = {host.strip('[]')} accepts connections"
    )
    solutions = (
        "openssl rand -hex 32",
        "http_token_file",
        "SYSTEM_MONITOR_HTTP_TOKEN_FILE",
        "http_allow_anonymous = true",
    )
    assert [each for each in solutions if each not in sentence] == []
    assert list(own_settings.iterdir()) == []


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_neither_needs_anything(host: str) -> None:
    require_guarded_broker(load_settings({"mqtt_host": host}))
    require_guarded_api(load_settings({"http_host": host}))


@pytest.mark.parametrize("options", [{"http_token": "t" * 16}, {"http_allow_anonymous": "true"}])
def test_with_a_token_or_anonymous_access_the_api_may_listen_everywhere(
    options: dict[str, object],
) -> None:
    for host in EVERYWHERE:
        require_guarded_api(load_settings({"http_host": host, **options}))


@pytest.mark.parametrize(
    "options",
    [
        {"mqtt_user": "me", "mqtt_password": "correct horse"},
        {"mqtt_allow_anonymous": "true"},
        {"mqtt_url": "mqtt://broker.lan"},
    ],
)
def test_with_a_login_or_anonymous_access_the_broker_may_listen_everywhere(
    options: dict[str, object],
) -> None:
    for host in EVERYWHERE:
        require_guarded_broker(load_settings({"mqtt_host": host, **options}))


def test_an_unknown_host_name_does_not_count_as_loopback() -> None:
    unknown = "= no-such-name.invalid is not a known host name or an IP address."
    with pytest.raises(SettingsError, match=f"mqtt_host {unknown}"):
        require_guarded_broker(load_settings({"mqtt_host": "no-such-name.invalid"}))
    with pytest.raises(SettingsError, match=f"http_host {unknown}"):
        require_guarded_api(load_settings({"http_host": "no-such-name.invalid"}))


@pytest.mark.parametrize("setting", ["http_host", "mqtt_host"])
def test_check_reports_it_as_a_problem(capsys: pytest.CaptureFixture[str], setting: str) -> None:
    option = f"--{setting.replace('_', '-')}"
    assert command.run(["check", *free_ports(), option, EVERYWHERE[0]]) == 1
    assert f"PROBLEM: {setting} = 0.0.0.0 accepts connections" in capsys.readouterr().out


def test_anonymous_access_is_an_option_with_or_without_a_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--http-allow-anonymous"], ["--http-allow-anonymous", "true"]):
        assert command.run(["check", *free_ports(), *words, "--http-host", EVERYWHERE[0]]) == 0
        assert "http_allow_anonymous  true" in capsys.readouterr().out
