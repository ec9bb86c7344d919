"""Which program runs as the embedded broker."""

from pathlib import Path

import pytest

from deploy import wiring
from deploy.broker_listeners import Listeners
from deploy.broker_mosquitto import Mosquitto
from telemetry.errors import SettingsError
from telemetry.settings.loading import load_settings
from tests.deploy.fake_mosquitto import install
from tests.services.mosquitto import shipped_lines

_NOT_LIMITS = {
    *("listener", "allow_anonymous", "password_file", "acl_file", "include_dir"),
    *("persistence_location", "log_dest"),
}


@pytest.fixture(autouse=True)
def _only_default_settings(own_settings: Path) -> None:
    assert own_settings.is_dir()


def chosen(choice: str) -> str:
    broker = wiring.embedded_broker(load_settings({"embedded_broker": choice}))
    assert broker is not None
    return broker.description


@pytest.mark.parametrize(
    ("version", "description"),
    [("2.0.22", "Mosquitto 2.0.22"), ("1.6.9", "rumqttd"), (None, "rumqttd")],
)
def test_auto_chooses_mosquitto_2_where_it_is_installed(
    version: str | None, description: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, version)
    assert chosen("auto") == description


def test_bundled_chooses_the_bundled_broker_although_mosquitto_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "2.0.22")
    assert chosen("bundled") == "rumqttd"


def test_mosquitto_that_is_required_and_not_installed_is_reported_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, None)
    with pytest.raises(SettingsError, match=r"needs Linux and Mosquitto 2.*choose auto or bundled"):
        chosen("mosquitto")


def test_an_unknown_choice_is_rejected() -> None:
    with pytest.raises(SettingsError, match="must be one of auto, mosquitto, bundled"):
        load_settings({"embedded_broker": "emqx"})


def test_its_limits_are_those_of_the_configuration_that_we_ship(tmp_path: Path) -> None:
    program = Mosquitto("mosquitto", "2.0.22", tmp_path, websockets=True)
    *_, file = program.prepare(Listeners("127.0.0.1", 1883), None)
    configured = Path(file).read_text().splitlines()
    program.tidy()
    shipped = [line for line in shipped_lines(_NOT_LIMITS) if line and not line.startswith("#")]
    assert shipped
    assert set(shipped) <= set(configured)


@pytest.mark.parametrize("user", ["a:b", "#a"])
def test_a_user_name_that_a_password_file_cannot_have_is_rejected(
    user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "2.0.22")
    settings = load_settings(
        {"mqtt_user": user, "mqtt_password": "secret", "data_dir": str(tmp_path)}
    )
    broker = wiring.embedded_broker(settings)
    assert broker is not None
    with pytest.raises(SettingsError, match="mqtt_user contains a colon or begins with #"):
        broker.start()


def test_the_folder_of_the_queues_is_locked_although_the_history_is_in_influxdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "2.0.22")
    url = "http://localhost:8086"
    settings = load_settings({"influxdb_url": url, "influxdb_org": "a", "influxdb_token": "b"})
    assert wiring.data_folder(settings, wiring.embedded_broker(settings)) is not None
    assert wiring.data_folder(settings) is None
