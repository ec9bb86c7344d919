"""Secrets in files."""

import os
from pathlib import Path

import pytest

from telemetry.errors import SettingsError
from telemetry.settings import (
    CONFIG_FILE_VARIABLE,
    file_setting,
)
from telemetry.settings.fields import SettingFields
from telemetry.settings.loading import ignored_variables, load_settings

# A valid value of each secret.
GOOD = {
    "http_token": "correct-horse-battery",
    "mqtt_url": "mqtt://me:correct-horse@broker.lan",
    "mqtt_password": "correct horse",
    "influxdb_token": "correct-horse-battery",
    "notify_urls": "ntfys://correct-horse@ntfy.example/battery",
}
# Other settings that a secret needs.
REQUIRED: dict[str, dict[str, object]] = {"mqtt_password": {"mqtt_user": "me"}}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def variable(setting: str) -> str:
    return f"SYSTEM_MONITOR_{setting.upper()}"


def loaded(name: str) -> str:
    value = getattr(load_settings(REQUIRED.get(name, {})), name)
    text: str = value.reveal()
    return text


def refusal(**options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@pytest.fixture(params=SettingFields.secrets())
def name(request: pytest.FixtureRequest) -> str:
    secret: str = request.param
    return secret


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_each_secret_may_come_from_a_file_whose_final_line_break_is_ignored(
    name: str, ending: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_bytes((GOOD[name] + ending).encode())
    monkeypatch.setenv(variable(file_setting(name)), str(file))
    assert loaded(name) == GOOD[name]
    assert ignored_variables() == []


def test_the_settings_file_may_name_the_secret_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret, settings = tmp_path / "secret", tmp_path / "config.toml"
    secret.write_text(GOOD[name])
    settings.write_text(f'{file_setting(name)} = "{secret}"\n')
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(settings))
    assert loaded(name) == GOOD[name]


def test_a_secret_that_is_set_twice_is_reported_in_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path would be shortened
    file = Path("secret")
    file.write_text(GOOD[name])
    monkeypatch.setenv(variable(name), GOOD[name])
    monkeypatch.setenv(variable(file_setting(name)), str(file))
    sentence = refusal()
    assert sentence.startswith(f"{file_setting(name)}='{file}' (from {variable(name)}_FILE)")
    assert sentence.endswith(f"must not be set together with {name}.")
    assert GOOD[name] not in sentence


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "must name a readable file (no such file or directory)"),
        (b"", "must name a file that contains the secret, but the file is empty"),
        (b"\n", "must name a file that contains the secret, but the file is empty"),
        (b"\xff\xfe", "must name a UTF-8 text file"),
        (
            b"s" * 70_000,
            "must name a file that contains only the secret, but the file is larger than 64 KiB",
        ),
    ],
)
def test_a_file_without_a_usable_secret_is_reported_in_one_sentence(
    name: str,
    content: bytes | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("secret")
    if content is not None:
        file.write_bytes(content)
    setting = file_setting(name)
    option = f"--{setting.replace('_', '-')}"
    assert refusal(**{setting: str(file)}) == (
        f"{setting}='{file}' (from {option}) is not valid: it {reason}."
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_a_file_without_read_permission_is_reported_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0)
    assert "(permission denied)" in refusal(mqtt_password_file=str(file))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "(is a directory)"),
        ("", "must be a file path"),
        (7, "must be a file path"),
        ("~nobody-of-this-name/x", "(no such user)"),
    ],
)
def test_a_path_that_is_not_a_file_is_reported_in_one_sentence(path: object, reason: str) -> None:
    assert reason in refusal(mqtt_password_file=path)


def test_an_invalid_secret_in_a_file_is_not_quoted_but_its_source_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("mqtt://me:correct-horse@")
    monkeypatch.setenv("SYSTEM_MONITOR_MQTT_URL_FILE", str(file))
    assert refusal().startswith(
        "mqtt_url=******** (from SYSTEM_MONITOR_MQTT_URL_FILE) is not valid: it must look like "
    )


def test_a_misspelt_variable_for_a_secret_file_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_MQTT_PASWORD_FILE", "x")
    assert refusal().endswith("did you mean SYSTEM_MONITOR_MQTT_PASSWORD_FILE?")
