from pathlib import Path

import pytest

from telemetry.errors import SettingsError
from telemetry.settings import CONFIG_FILE_VARIABLE
from telemetry.settings.fields import SettingFields
from telemetry.settings.loading import ignored_variables, load_settings

SECRET = "correct-horse"  # noqa: S105 - must not appear in the output


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def refusal(**options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(options)
    return str(caught.value)


def test_the_defaults_listen_on_loopback_only() -> None:
    settings = load_settings()
    assert (settings.http_host, settings.mqtt_host) == ("127.0.0.1", "127.0.0.1")
    assert (settings.broker.host, settings.broker.port) == ("127.0.0.1", 1883)


def test_options_override_the_environment_which_overrides_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("http_port = 1\nmqtt_port = 1\ninterval_seconds = 1\n")
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    monkeypatch.setenv("SYSTEM_MONITOR_HTTP_PORT", "2")
    monkeypatch.setenv("system_monitor_mqtt_port", "2")
    settings = load_settings({"http_port": "3"})
    assert (settings.http_port, settings.mqtt_port, settings.interval_seconds) == (3, 2, 1)


def test_an_error_names_the_variable_or_the_file_as_the_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_HTTP_PORT", "web")
    assert refusal().startswith("http_port='web' (from SYSTEM_MONITOR_HTTP_PORT) ")
    monkeypatch.delenv("SYSTEM_MONITOR_HTTP_PORT")
    file = tmp_path / "config.toml"
    file.write_text('http_port = "www"\n')
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    assert refusal().startswith(f"http_port='www' (from {file}) ")


def test_a_missing_or_invalid_settings_file_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    assert refusal() == f"The settings file {file} does not exist."
    file.write_text("= nothing")
    assert "not valid TOML" in refusal()


def test_an_unknown_setting_is_rejected_with_a_suggestion() -> None:
    assert refusal(http_prot=1).endswith("is not a setting: did you mean http_port?")


def test_a_misspelt_variable_is_rejected_and_a_foreign_one_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_PORT_8000_TCP_ADDR", "10.0.0.1")  # as Kubernetes sets it
    load_settings()
    assert ignored_variables() == ["SYSTEM_MONITOR_PORT_8000_TCP_ADDR"]
    monkeypatch.setenv("SYSTEM_MONITOR_HTTP_PROT", "1")
    assert refusal().endswith("did you mean SYSTEM_MONITOR_HTTP_PORT?")


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost", "http://a", "mqtt://", "mqtt://a:99999", "mqtt://a:0", "mqtt://[::1"),
        *("mqtt://a/b", "mqtt://a?b", "mqtt://me:1#2@a", "mqtt://a\nb", f"mqtt://{'a' * 64}"),
    ],
)
def test_an_invalid_broker_url_is_rejected_without_being_quoted(url: str) -> None:
    sentence = refusal(mqtt_url=url)
    assert sentence.startswith(
        "mqtt_url=******** (from --mqtt-url) is not valid: it must look like "
    )


def test_the_broker_url_may_contain_the_login() -> None:
    broker = load_settings({"mqtt_url": "mqtts://me:p%40ss@broker.lan"}).broker
    assert (broker.host, broker.port, broker.tls) == ("broker.lan", 8883, True)
    assert (broker.username, broker.password) == ("me", "p@ss")


def test_the_login_may_be_in_the_url_or_in_settings_but_not_in_both() -> None:
    login = {"mqtt_user": "me", "mqtt_password": SECRET}
    broker = load_settings({"mqtt_url": "mqtt://broker.lan", **login}).broker
    assert (broker.username, broker.password) == ("me", SECRET)
    broker = load_settings({"mqtt_url": "mqtt://you@broker.lan", "mqtt_password": SECRET}).broker
    assert (broker.username, broker.password) == ("you", SECRET)
    for url in ("mqtt://you@broker.lan", f"mqtt://you:{SECRET}@broker.lan"):
        assert refusal(mqtt_url=url, **login).endswith("remove one of the two.")
    assert "mqtt_user must be set too" in refusal(mqtt_url="mqtt://a", mqtt_password=SECRET)
    load_settings({"mqtt_url": "mqtt://broker.lan", "mqtt_user": "me"})


def test_the_embedded_broker_needs_both_user_and_password() -> None:
    assert "mqtt_password must be set too" in refusal(mqtt_user="me")
    assert "mqtt_user must be set too" in refusal(mqtt_password=SECRET)
    broker = load_settings({"mqtt_user": "me", "mqtt_password": SECRET}).broker
    assert (broker.username, broker.password) == ("me", SECRET)


def test_a_tilde_is_expanded_without_a_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"data_dir": "~/data"}).data_dir == tmp_path / "data"


def test_a_line_break_after_a_token_is_not_part_of_it() -> None:
    token = load_settings({"influxdb_token": f"{SECRET}\n"}).influxdb_token
    assert token is not None
    assert token.reveal() == SECRET


@pytest.mark.parametrize("line", ['"gpu, Disk,gpu"', '["gpu", "disk"]'])
def test_the_disabled_sensors_may_be_text_with_commas_or_a_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"disabled_sensors = {line}\n")
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    assert load_settings().disabled_sensors == ("gpu", "disk")


@pytest.mark.parametrize(
    "lines",
    [
        'finding_thresholds = "idle_gpu.minutes=30, Throttling.share=25.5"',
        '[finding_thresholds]\n"idle_gpu.minutes" = 30\n"throttling.share" = 25.5',
        "[finding_thresholds]\nidle_gpu.minutes = 30\nthrottling.share = 25.5",
    ],
)
def test_thresholds_may_be_text_with_commas_or_a_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(lines)
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    settings = load_settings()
    assert settings.changed_thresholds == {
        "idle_gpu": {"minutes": 30.0},
        "throttling": {"share": 25.5},
    }
    assert settings.masked()["finding_thresholds"] == "idle_gpu.minutes=30, throttling.share=25.5"


def test_no_finding_is_disabled_and_no_threshold_is_changed_by_default() -> None:
    settings = load_settings()
    assert (settings.disabled_findings, settings.changed_thresholds) == ((), {})


def test_no_sensor_is_disabled_by_default() -> None:
    assert load_settings().disabled_sensors == ()


def test_the_api_and_the_embedded_broker_cannot_share_a_port() -> None:
    assert "http_port and mqtt_port are both 7" in refusal(http_port=7, mqtt_port=7)
    assert "mqtt5_port and mqtt_websocket_port are both 7" in refusal(
        mqtt5_port=7, mqtt_websocket_port=7
    )
    load_settings({"mqtt5_port": 0, "mqtt_websocket_port": 0})
    load_settings({"http_port": 7, "mqtt_port": 7, "mqtt_url": "mqtt://broker.lan"})


def test_an_influxdb_needs_its_organization_and_token() -> None:
    assert "influxdb_token must be set" in refusal(influxdb_url="http://localhost:8086")


def test_secrets_are_never_shown() -> None:
    settings = load_settings(
        {
            "mqtt_url": "mqtt://me@broker.lan",
            "mqtt_password": SECRET,
            "influxdb_url": "http://localhost:8086",
            "influxdb_org": "lab",
            "influxdb_token": SECRET,
        }
    )
    shown = f"{settings} {settings!r} {settings.masked()} {settings.broker!r}"
    assert SECRET not in shown
    assert settings.masked()["mqtt_password"] == "********"  # noqa: S105 - the mask
    url = f"mqtt://me:{SECRET}@broker.lan"
    assert load_settings({"mqtt_url": url}).masked()["mqtt_url"] == (
        "mqtt://me:********@broker.lan:1883"
    )


def test_each_setting_has_a_description() -> None:
    assert all(field.description for field in SettingFields.model_fields.values())
