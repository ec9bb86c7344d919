import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.broker_program import BrokerProgram
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.errors import SettingsError
from telemetry.settings.values import BUNDLED, MOSQUITTO
from tests.services.embedded import EMBEDDED_BROKERS, Listener, broker_program
from tests.services.processes import free_port, wait_until


@pytest.fixture
def broker(program: BrokerProgram) -> Iterator[EmbeddedBroker]:
    """Start each program as an embedded broker on a free port."""
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=program)
    broker.start()
    yield broker
    broker.stop()


def test_a_killed_broker_is_restarted_on_the_same_port(broker: EmbeddedBroker) -> None:
    first = broker.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: broker.process_id not in (None, first), "another process")
    wait_until(lambda: _serves(broker.port), "the new process serves")


def _serves(port: int) -> bool:
    try:
        with Listener(port) as listener:
            listener.publish("a", b"1")
            return listener.wait_for("a") == [b"1"]
    except OSError:
        return False


def test_a_broker_that_no_longer_serves_clients_is_replaced() -> None:
    broker = EmbeddedBroker("127.0.0.1", free_port(), probe_pause=0.1)
    broker.start()
    try:
        first = broker.process_id
        _break_the_router(broker.port)
        wait_until(lambda: broker.process_id != first, "another process")
        wait_until(lambda: _serves(broker.port), "the new process serves")
        assert broker.restarts >= 1  # on a busy machine, such a short probe may fail wrongly
    finally:
        broker.stop()


def _break_the_router(port: int) -> None:
    """Connect twice with a client id that rumqttd rejects: the second time it panics."""
    name = b"a+b"
    rest = b"\x00\x04MQTT\x04\x02\x00\x3c\x00" + bytes([len(name)]) + name
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"\x10" + bytes([len(rest)]) + rest)
            assert connection.recv(4) == b""


def test_a_frozen_broker_is_replaced(
    program: BrokerProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.embedded_broker._PROBE_SECONDS", 0.5)
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=program, probe_pause=0.5)
    broker.start()
    try:
        first = broker.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: broker.process_id != first, "another process")
        wait_until(lambda: _serves(broker.port), "the new process serves")
    finally:
        broker.stop()


def test_a_signal_to_every_process_of_a_service_does_not_stop_it_before_its_parent(
    broker: EmbeddedBroker,
) -> None:
    first = broker.process_id
    assert first is not None
    os.kill(first, signal.SIGTERM)
    with Listener(broker.port) as listener:
        listener.publish("a", b"1")
        assert listener.wait_for("a") == [b"1"]
    assert (broker.process_id, broker.restarts) == (first, 0)


@pytest.mark.parametrize("name", ["gpu-07", 'Größe.1 "quoted"\\'])
def test_with_a_login_other_clients_are_rejected(name: str, program: BrokerProgram) -> None:
    password = 'pass "word" \\ = ü'  # noqa: S105 - of a broker that runs for this test
    broker = EmbeddedBroker("127.0.0.1", free_port(), login=(name, password), program=program)
    broker.start()
    try:
        assert _connects(broker.port, name, password)
        for wrong in ((None, None), (name, None), (name, "another"), ("another", password)):
            assert not _connects(broker.port, *wrong)
        assert _connects(broker.port, name, password)
    finally:
        broker.stop()


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (MOSQUITTO, "refuses the connection: Not authorized"),
        (
            BUNDLED,
            "closes the connection immediately: check the user name, password and certificate",
        ),
    ],
)
def test_a_wrong_password_is_reported_as_such(choice: str, sentence: str, tmp_path: Path) -> None:
    login = ("me", "battery-staple")
    program = broker_program(choice, tmp_path)
    broker = EmbeddedBroker("127.0.0.1", free_port(), login=login, program=program)
    broker.start()
    address = BrokerAddress("127.0.0.1", broker.port, username="me", password="wrong")  # noqa: S106 - not a secret
    bus = BusConnection(address, "guest", longest_pause=0)
    bus.start()
    try:
        wait_until(lambda: bus.failure == sentence, "the reason")
    finally:
        bus.stop()
        broker.stop()


def _connects(port: int, name: str | None, password: str | None) -> bool:
    bus = BusConnection(
        BrokerAddress("127.0.0.1", port, username=name, password=password), "guest", longest_pause=0
    )
    bus.start()
    try:
        wait_until(lambda: bus.connected or bus.failure is not None, "an answer")
        return bus.connected
    finally:
        bus.stop()


def test_its_process_cannot_see_our_settings(
    program: BrokerProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_INFLUXDB_TOKEN", "correct-horse")
    login = ("me", "battery-staple")
    broker = EmbeddedBroker("127.0.0.1", free_port(), login=login, program=program)
    broker.start()
    try:
        process = psutil.Process(broker.process_id)
        seen = f"{process.environ()} {process.cmdline()} {process.name()}"
    finally:
        broker.stop()
    assert "correct-horse" not in seen
    assert "battery-staple" not in seen


def test_its_configuration_file_is_removed(
    program: BrokerProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    broker = EmbeddedBroker("127.0.0.1", free_port(), login=("me", "secret"), program=program)
    broker.start()
    assert list(temporary.iterdir()) == []
    broker.stop()


def test_linux_may_delay_the_timers_of_mosquitto(tmp_path: Path) -> None:
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=broker_program(MOSQUITTO, tmp_path))
    broker.start()
    try:
        slack = Path(f"/proc/{broker.process_id}/timerslack_ns").read_text()
    except PermissionError:
        pytest.skip("only root may read the slack of another process")
    finally:
        broker.stop()
    assert int(slack) >= 10**8


def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(broker.process_id).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_a_port_in_use_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SettingsError, match=r"Cannot listen on .*--mqtt-port.*\.$"):
            EmbeddedBroker("127.0.0.1", port).start()


@pytest.mark.parametrize("choice", EMBEDDED_BROKERS)
def test_it_ends_with_its_parent(choice: str, tmp_path: Path) -> None:
    broker_program(choice, tmp_path)
    code = (
        "import pathlib, time; from deploy.embedded_broker import EmbeddedBroker;"
        "from tests.services.embedded import broker_program;"
        f"program = broker_program({choice!r}, pathlib.Path({str(tmp_path)!r}));"
        f"broker = EmbeddedBroker('127.0.0.1', {free_port()}, program=program); broker.start();"
        "print(broker.process_id, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    wait_until(lambda: not _alive(child), "the broker's process has ended")


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_stopping_twice_or_before_the_start_is_harmless(program: BrokerProgram) -> None:
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=program)
    broker.stop()
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=program)
    broker.start()
    broker.stop()
    broker.stop()
