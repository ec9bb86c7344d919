"""The ports of the embedded broker: MQTT 5 and MQTT over WebSocket beside MQTT 3.1.1."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy import announcement, wiring
from deploy.broker_listeners import Listeners
from deploy.broker_mosquitto import Mosquitto
from deploy.broker_program import BrokerProgram
from deploy.broker_rumqttd import Rumqttd
from deploy.embedded_broker import EmbeddedBroker
from deploy.ports import require_mqtt_port
from telemetry.errors import SettingsError
from telemetry.settings.loading import load_settings
from tests.deploy.fake_mosquitto import install
from tests.services.processes import free_port


@pytest.fixture(autouse=True)
def _only_default_settings(own_settings: Path) -> None:
    assert own_settings.is_dir()


def listeners(**settings: object) -> Listeners:
    broker = wiring.embedded_broker(load_settings(settings))
    assert broker is not None
    return broker.listeners


def new_broker(program: BrokerProgram, port: int, mqtt5: int, websocket: int) -> EmbeddedBroker:
    return EmbeddedBroker(
        "127.0.0.1", port, program=program, mqtt5_port=mqtt5, websocket_port=websocket
    )


@contextmanager
def started(program: BrokerProgram, mqtt5: int, websocket: int) -> Iterator[EmbeddedBroker]:
    broker = new_broker(program, free_port(), mqtt5, websocket)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def listening(broker: EmbeddedBroker) -> set[tuple[str, int]]:
    connections = psutil.Process(broker.process_id).net_connections("tcp")
    listening = [each.laddr for each in connections if each.status == psutil.CONN_LISTEN]
    return {(address.ip, address.port) for address in listening}


def test_the_bundled_broker_has_a_port_for_each_protocol() -> None:
    assert listeners(embedded_broker="bundled") == Listeners("127.0.0.1", 1883, 1884, 9001)


def test_mosquitto_has_one_port_for_mqtt_3_and_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "2.0.12")
    assert listeners() == Listeners("127.0.0.1", 1883, 1883, 9001)
    assert listeners(mqtt5_port=7) == Listeners("127.0.0.1", 1883, 7, 9001)


@pytest.mark.parametrize(("version", "built"), [("2.0.11", True), ("2.0.12", False)])
def test_a_mosquitto_that_cannot_serve_websocket_on_loopback_does_not(
    version: str, built: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, version, websockets=bool(built))
    assert listeners().websocket == 0
    assert listeners(mqtt_websocket_port=0).websocket == 0
    with pytest.raises(SettingsError, match=r"without WebSocket.*embedded_broker to bundled\.$"):
        listeners(mqtt_websocket_port=7)


def test_a_usual_port_that_another_part_has_is_not_taken() -> None:
    chosen = listeners(embedded_broker="bundled", mqtt_port=1884, http_port=9001)
    assert chosen == Listeners("127.0.0.1", 1884, 1885, 9002)


def test_zero_disables_a_port(program: BrokerProgram) -> None:
    with started(program, 0, 0) as broker:
        assert listening(broker) == {("127.0.0.1", broker.port)}


def test_every_port_listens_on_loopback_only(program: BrokerProgram) -> None:
    websocket = free_port() if program.websockets else 0
    with started(program, free_port(), websocket) as broker:
        ports = {broker.port, *broker.listeners.extra().values()}
        assert len(ports) == (3 if websocket else 2)
        assert listening(broker) == {("127.0.0.1", port) for port in ports}


def test_a_free_port_takes_the_place_of_one_in_use(program: BrokerProgram) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        used = server.getsockname()[1]
        with started(program, used, 0) as broker:
            assert broker.listeners.mqtt5 not in (0, used)
            assert ("127.0.0.1", broker.listeners.mqtt5) in listening(broker)


@pytest.mark.parametrize("option", ["mqtt5", "mqtt-websocket"])
def test_a_chosen_port_in_use_is_reported_in_one_sentence(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        used = server.getsockname()[1]
        name = f"{option.replace('-', '_')}_port"
        settings = load_settings({"mqtt_port": free_port(), name: used})
        with pytest.raises(SettingsError, match=rf"Cannot listen on .*{used}.*--{option}-port\.$"):
            require_mqtt_port(settings)


def test_a_port_that_a_dying_broker_still_has_is_waited_for() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    settings = load_settings({"mqtt_port": server.getsockname()[1]})
    leaving = threading.Timer(0.4, server.close)
    leaving.start()
    require_mqtt_port(settings)
    leaving.join()


def test_the_start_up_text_names_the_ports_that_are_served(tmp_path: Path) -> None:
    def facts(program: BrokerProgram, mqtt5: int, websocket: int) -> dict[str, str]:
        broker = new_broker(program, 1883, mqtt5, websocket)
        return dict(announcement.broker_facts(load_settings({}), broker))

    bundled = facts(Rumqttd(), 1884, 9001)
    assert bundled["MQTT"] == "mqtt://127.0.0.1:1883 (rumqttd)"
    assert bundled["MQTT 5"] == "mqtt://127.0.0.1:1884"
    assert bundled["MQTT on WS"] == "ws://127.0.0.1:9001/mqtt"
    mosquitto = facts(Mosquitto("mosquitto", "2.0.11", tmp_path, websockets=False), 1883, 0)
    assert mosquitto["MQTT"] == "mqtt://127.0.0.1:1883 (Mosquitto 2.0.11, without WebSocket)"
    assert mosquitto["MQTT 5"] == "mqtt://127.0.0.1:1883"
    assert "MQTT on WS" not in mosquitto
