"""Every setting rejects invalid values with one sentence."""

from pathlib import Path

import pytest

from telemetry.errors import SettingsError
from telemetry.settings import CONFIG_FILE_VARIABLE
from telemetry.settings.fields import SettingFields
from telemetry.settings.loading import load_settings

MASK = "********"
_LONG = "x" * 3000
_CONTROL = "x\ny"
_CONTROLS = "must not contain control characters or invalid UTF-8"
_TEXT = {"": "at least 1 character", _LONG: "at most 255 characters", _CONTROL: _CONTROLS}
_NAME = "must be a name without '/', '+', '#' or '$'"
_LISTENING = "must be an address or name of this machine, such as 127.0.0.1"
_HOST = dict.fromkeys(("", " ", "http://localhost", "a/b", _CONTROL, _LONG), _LISTENING)
_WHOLE = "must be a whole number from 1 to 65535"
_PORT = dict.fromkeys(("", "0", "65536", "-1", "1.5", "x", "nan"), _WHOLE)
_PORT_OR_NONE = dict.fromkeys(("", "65536", "-1", "x"), "a whole number from 0 to 65535")
_INTERVAL = "must be a number from 0.1 to 60"
_SENSORS = "must be one or more of gpu, cpu, memory, disk, network, separated by commas"
_FINDINGS = "must be one or more of memory_growth, idle_gpu, "
_THRESHOLDS = {
    "": "may name only these kinds of findings: memory_growth, idle_gpu, ",
    "idle_gpus.minutes=3": "may name only these kinds of findings: memory_growth, idle_gpu, ",
    "idle_gpu.hours=3": "may name only these thresholds of idle_gpu: idle_gpu.utilization, ",
    "idle_gpu=3": "may name only these thresholds of idle_gpu: ",
    "idle_gpu.minutes": "must set idle_gpu.minutes to a number from 1 to 1440 min",
    "idle_gpu.minutes=nan": "must set idle_gpu.minutes to a number from 1 to 1440 min",
    "throttling.share=20,idle_gpu.minutes=0": "must set idle_gpu.minutes to a number from 1",
}
_HOURS = "must be a number from 0.01 to 24"
_DAYS = "must be a number from 0 to 365"
_MEGABYTES = "must be a number from 64 to 100000"
_BOOLEAN = dict.fromkeys(("", "maybe", "2"), "must be true or false")
_URL = "must look like mqtt://user:password@host:1883 or mqtts://host:8883"
_TOKEN = (
    "must be 16 to 512 ASCII characters without spaces, for example the output of `openssl rand"  # noqa: S105
)
_ORIGIN = "origins such as https://grafana.example, separated by commas, each with only a scheme"
_ORIGINS = (
    "",
    "*",
    "null",
    "grafana.example",
    "https://a/",
    "https://a:0",
    "https://a,",
    "ftp://a",
)
_FILE = {
    "": "must be a path",
    "no/such/file": "must name a readable file (no such file",
    "/": "(is",
}
_URLS = "must be 1 to 16 URLs of notification services, such as ntfys://ntfy.sh/topic, separated"
_QUIET = "must be one or more ranges of local time such as 22:00-07:00, separated by commas"
_PUBLIC = "must look like https://monitor.example or https://host/path, without a login"
_IDENTIFIER = "must be 1 to 64 letters, digits, '_', '.' or '-'"
_COUNT = dict.fromkeys(("", "0", "100001", "-1", "x"), "a whole number from 1 to 100000")
_INFLUXDB = "must look like http://host:8086 or https://host, without a login or a path"
_NO_PREFIX = "must not begin with '/' or '$', or end with '/'"

# Invalid values of each setting, on a command line or in a variable, and the error for each.
WRONG: dict[str, dict[str, str]] = {
    "interval_seconds": dict.fromkeys(("", "0.09", "61", "often", "nan", "inf"), _INTERVAL),
    "disabled_sensors": dict.fromkeys(("", "gpus", "gpu,", "gpu disk", "all"), _SENSORS),
    "disabled_findings": dict.fromkeys(("", "idle", "idle_gpu,", "all"), _FINDINGS),
    "finding_thresholds": _THRESHOLDS,
    "automatic_runs": _BOOLEAN,
    "history_hours": dict.fromkeys(("", "0", "25", "inf", "-1", "1h"), _HOURS),
    "history_days": dict.fromkeys(("", "-0.5", "366", "inf", "-1", "7d"), _DAYS),
    "history_megabytes": dict.fromkeys(("", "63", "100001", "nan", "1GB"), _MEGABYTES),
    "host_name": {**_TEXT, **dict.fromkeys((" ", "a/b", "a+b", "a#", "a$b"), _NAME)},
    "http_host": _HOST,
    "http_port": _PORT,
    "http_token": dict.fromkeys(("", "short", "x" * 15, "x" * 513, "é" * 16, "x y" * 9), _TOKEN),
    "advisor": _BOOLEAN,
    "home_assistant_discovery": _BOOLEAN,
    "http_allow_anonymous": _BOOLEAN,
    "http_read_only": _BOOLEAN,
    "http_allowed_origins": dict.fromkeys(_ORIGINS, _ORIGIN),
    "http_public_url": dict.fromkeys(
        ("", "monitor", "ftp://a", "https://me:x@a", "https://a?b", "https://a#b", "https://a:0"),
        _PUBLIC,
    ),
    "notify_urls": dict.fromkeys(
        ("", " ", "ntfy", "://x", "ntfy://", "ntfy://a b", "json://a " * 17, f"json://{_LONG}"),
        _URLS,
    ),
    "notify_command": {
        **dict.fromkeys(("", " ", "'' x"), "must be a program and its arguments, such as "),
        "notify 'me": "a quote is not closed",
    },
    "notify_severity": dict.fromkeys(("", "error"), "must be one of info, warning, critical"),
    "notify_runs": dict.fromkeys(("", "some"), "must be one of all, failed, none"),
    "notify_quiet_hours": dict.fromkeys(
        ("", "22-7", "22:00", "24:00-07:00", "22:60-07:00", "07:00-07:00", "22:00-07:00,x"), _QUIET
    ),
    "mqtt_host": _HOST,
    "mqtt_port": _PORT,
    "mqtt5_port": _PORT_OR_NONE,
    "mqtt_websocket_port": _PORT_OR_NONE,
    "embedded_broker": dict.fromkeys(("", "rumqttd"), "must be one of auto, mosquitto, bundled"),
    "mqtt_allow_anonymous": _BOOLEAN,
    "mqtt_url": dict.fromkeys(
        ("", "broker", "http://a", "mqtt://", "mqtt://a:0", "mqtt://a/b", "mqtt://me:1#2@a", _LONG),
        _URL,
    ),
    "mqtt_user": _TEXT,
    "mqtt_password": {"": "1 to 1024 characters", _LONG: "1 to 1024", _CONTROL: _CONTROLS},
    "mqtt_ca_file": _FILE,
    "mqtt_certificate_file": _FILE,
    "mqtt_key_file": _FILE,
    "topic_prefix": {
        **dict.fromkeys(("/a", "$SYS", "a/"), _NO_PREFIX),
        **dict.fromkeys(("a/#", "+"), "must not contain '+' or '#'"),
        **dict.fromkeys(
            ("{user}", "{host}/{host}"), "may contain '{host}' once and no other braces"
        ),
        **dict.fromkeys(("gpu-{host}", "a/{host}b"), "must use '{host}' as a whole topic level"),
        _LONG: "at most 255 characters",
        _CONTROL: _CONTROLS,
    },
    "ingester_group": dict.fromkeys(("", " ", "a/b", "x" * 65), _IDENTIFIER),
    "ingester_name": dict.fromkeys(("", " ", "a/b", "x" * 65), _IDENTIFIER),
    "data_dir": {
        "": "must be a path",
        "~nobody-of-this-name/x": "must be a valid path (no such user)",
    },
    "max_hosts": _COUNT,
    "max_channels": _COUNT,
    "max_devices": _COUNT,
    "influxdb_url": dict.fromkeys(("", "localhost", "http://a:99999", "http://me:x@a"), _INFLUXDB),
    "influxdb_token": dict.fromkeys(("", " ", "é", "a\nb"), "must be an InfluxDB API token"),
    "influxdb_org": _TEXT,
    "influxdb_bucket": _TEXT,
    "log_level": dict.fromkeys(("", "loud", "7"), "must be one of debug, info, warning, error"),
    "log_format": dict.fromkeys(("", "xml", "7"), "must be one of plain, json"),
    "metrics_port": _PORT_OR_NONE,
}
CASES = [
    pytest.param(name, value, allowed, id=f"{name}-{value[:20]}")
    for name, values in WRONG.items()
    for value, allowed in values.items()
]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def refusal(**options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def shown(name: str, value: object) -> str:
    """Return the start of the error: the setting, and its value, masked or shortened if needed."""
    if name in SettingFields.secrets():
        return f"{name}={MASK} "
    quoted = repr(value)
    return f"{name}={quoted} " if len(quoted) <= 80 else f"{name}={quoted[:60]}…{quoted[-20:]} "


def test_every_setting_has_invalid_values() -> None:
    assert WRONG.keys() == SettingFields.model_fields.keys()


@pytest.mark.parametrize(("name", "value", "allowed"), CASES)
def test_an_invalid_value_is_reported_with_the_setting_the_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    sentence = refusal(**{name: value})
    option = f"--{name.replace('_', '-')}"
    if "//me:" not in value:  # else the login is masked
        assert sentence.startswith(f"{shown(name, value)}(from {option}) is not valid: it ")
    assert allowed in sentence
    if value:  # an empty variable counts as unset
        variable = f"SYSTEM_MONITOR_{name.upper()}"
        monkeypatch.setenv(variable, value)
        assert refusal() == sentence.replace(option, variable, 1)


@pytest.mark.parametrize("name", SettingFields.model_fields)
@pytest.mark.parametrize("value", ["[1]", "{}", "1979-05-27", "[[true]]"])
def test_a_value_of_the_wrong_type_in_the_file_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"{name} = {value}\n")
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    sentence = refusal()
    assert sentence.startswith(f"{name}=")
    assert f" (from {file}) is not valid: it must " in sentence
    assert (MASK in sentence) == (name in SettingFields.secrets())


def test_a_relative_path_in_a_folder_that_was_deleted_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert refusal(data_dir="data") == (
        "data_dir='data' (from --data-dir) is not valid: it must be an absolute path, because the"
        " current folder no longer exists."
    )
    assert load_settings({"data_dir": str(tmp_path)}).data_dir == tmp_path


@pytest.mark.parametrize("name", ["interval_seconds", "history_hours", "http_port", "mqtt_port"])
def test_a_boolean_is_not_a_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"{name} = true\n")
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(file))
    assert refusal().startswith(f"{name}=True (from {file}) is not valid: it must be a")


def test_a_name_that_is_not_valid_unicode_is_rejected() -> None:
    assert " is not valid: it must be text" in refusal(host_name="a\udcff")
