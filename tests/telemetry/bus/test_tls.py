"""TLS and logins with a Mosquitto that requires a certificate and a password."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.errors import SettingsError
from telemetry.settings.loading import load_settings
from tests.services.certificates import Pair
from tests.services.processes import wait_until
from tests.services.secured_mosquitto import (
    PASSWORD,
    USER,
    SecuredMosquitto,
    running_secured_mosquitto,
)

SECONDS = 10.0


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredMosquitto]:
    with running_secured_mosquitto(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@contextmanager
def connecting(secured: SecuredMosquitto, **options: object) -> Iterator[BusConnection]:
    """Connect with everything that ``secured`` requires, changed by ``options``."""
    given = {
        "mqtt_url": secured.url,
        "mqtt_user": USER,
        "mqtt_password": PASSWORD,
        "mqtt_ca_file": secured.authority.certificate,
        "mqtt_certificate_file": secured.client.certificate,
        "mqtt_key_file": secured.client.key,
        **options,
    }
    settings = load_settings({name: str(value) for name, value in given.items() if value})
    bus = BusConnection(settings.broker, "tls-test", longest_pause=0.2)
    bus.start()
    try:
        yield bus
    finally:
        bus.stop()


def failure(bus: BusConnection) -> str:
    wait_until(lambda: bus.failure is not None, "the connection has failed", SECONDS)
    assert not bus.connected
    assert bus.failure is not None
    return bus.failure


def test_a_client_with_the_certificate_and_the_password_connects(
    secured: SecuredMosquitto,
) -> None:
    with connecting(secured) as bus:
        assert bus.wait_connected(SECONDS)


def test_certificate_and_key_may_be_in_one_file(secured: SecuredMosquitto, tmp_path: Path) -> None:
    file = tmp_path / "both.pem"
    file.write_text(secured.client.certificate.read_text() + secured.client.key.read_text())
    with connecting(secured, mqtt_certificate_file=file, mqtt_key_file=None) as bus:
        assert bus.wait_connected(SECONDS)


# paho leaves closing the socket of a failed handshake to the interpreter.
@pytest.mark.filterwarnings("ignore:.*unclosed <ssl.SSLSocket")
@pytest.mark.filterwarnings("ignore:.*<ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_of_another_authority_is_reported_and_tried_again(
    secured: SecuredMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Pair.authority(tmp_path, "other")
    caplog.set_level(logging.DEBUG, "telemetry.bus.connection")
    with connecting(secured, mqtt_ca_file=other.certificate) as bus:
        assert failure(bus).startswith("cannot be reached (its certificate is not trusted: ")
        wait_until(lambda: len(caplog.messages) > 2, "it tries again", SECONDS)
    assert f"The MQTT broker at mqtts://{USER}:********@127.0.0.1:" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_client_without_a_certificate_is_rejected(secured: SecuredMosquitto) -> None:
    with connecting(secured, mqtt_certificate_file=None, mqtt_key_file=None) as bus:
        assert "check the user name, password and certificate" in failure(bus)


def test_a_wrong_password_is_reported(secured: SecuredMosquitto) -> None:
    with connecting(secured, mqtt_password="another") as bus:  # noqa: S106 - a wrong one
        assert failure(bus) == "refuses the connection: Not authorized"


@pytest.mark.parametrize("name", ["mqtt_ca_file", "mqtt_certificate_file", "mqtt_key_file"])
def test_files_that_do_not_exist_or_fit_are_one_sentence_before_anything_starts(
    secured: SecuredMosquitto, tmp_path: Path, name: str
) -> None:
    wrong = tmp_path / "wrong.pem"
    with pytest.raises(SettingsError, match=rf"^{name}='\S+' \(from \S+\) .*\(no such file"):
        connecting(secured, **{name: wrong}).__enter__()
    wrong.write_text("nothing of use")
    with pytest.raises(SettingsError, match="in PEM"):
        connecting(secured, **{name: wrong}).__enter__()


def test_a_key_with_a_passphrase_is_reported_in_one_sentence_without_a_prompt(
    secured: SecuredMosquitto, tmp_path: Path
) -> None:
    locked = Pair.issued(secured.authority, tmp_path, "locked", passphrase="sesame")  # noqa: S106
    with pytest.raises(SettingsError, match="needs a passphrase, which is not supported"):
        load_settings(
            {
                "mqtt_url": secured.url,
                "mqtt_certificate_file": locked.certificate,
                "mqtt_key_file": locked.key,
            }
        )


def test_files_for_tls_need_a_url_with_tls(secured: SecuredMosquitto) -> None:
    ca = secured.authority.certificate
    with pytest.raises(SettingsError, match="mqtt_url must begin with mqtts://"):
        load_settings({"mqtt_url": "mqtt://127.0.0.1", "mqtt_ca_file": ca})
    with pytest.raises(SettingsError, match="mqtt_certificate_file must be set too"):
        load_settings({"mqtt_url": secured.url, "mqtt_key_file": secured.client.key})
