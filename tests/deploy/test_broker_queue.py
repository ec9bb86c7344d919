"""With Mosquitto as the embedded broker, what waits there survives its end."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE
from telemetry.clock import unix_milliseconds
from telemetry.settings.values import MOSQUITTO
from tests.collector.test_collector import collecting
from tests.deploy.monitor import free_ports, running
from tests.deploy.parts import Parts
from tests.deploy.test_broker_faults import INTERVAL, gaps
from tests.fakes.sensors import CountingSensor
from tests.ingester.test_sqlite_faults import LOCK
from tests.services.embedded import Listener, broker_program
from tests.services.processes import free_port, wait_until

log = logging.getLogger(__name__)

TOPIC = "system/cpu"
PAYLOADS = [str(number).encode() for number in range(500)]
OUTAGE_SECONDS = 25.0  # of the history, before and after the death of the broker


@contextmanager
def running_mosquitto(folder: Path, port: int) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker("127.0.0.1", port, program=broker_program(MOSQUITTO, folder))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def session(port: int) -> Iterator[list[bytes]]:
    """Connect a client that keeps its session; yield the payloads that it receives."""
    received: list[bytes] = []
    bus = BusConnection(BrokerAddress("127.0.0.1", port), "ingester", keep_session=True)
    bus.on_connected = lambda: bus.subscribe(TOPIC, AT_LEAST_ONCE)
    bus.on_message = lambda message: received.append(message.payload)
    bus.start()
    try:
        assert bus.wait_subscribed(10)
        yield received
    finally:
        bus.stop()


def let_messages_wait(port: int) -> None:
    """Publish ``PAYLOADS`` for a client that has a session and is offline."""
    with session(port):
        pass
    with Listener(port) as publisher:
        for payload in PAYLOADS:
            publisher.publish(TOPIC, payload)


def require_all(port: int) -> None:
    with session(port) as received:
        wait_until(lambda: len(received) >= len(PAYLOADS), "all messages")
        assert received == PAYLOADS


def test_messages_that_wait_at_mosquitto_survive_its_stop(tmp_path: Path) -> None:
    port = free_port()
    with running_mosquitto(tmp_path, port):
        let_messages_wait(port)
    with running_mosquitto(tmp_path, port):
        require_all(port)


def test_messages_that_mosquitto_has_saved_survive_its_death(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path, free_port()) as broker:
        let_messages_wait(broker.port)
        published = time.time()
        file = tmp_path / "broker" / "mosquitto.db"
        wait_until(lambda: file.exists() and file.stat().st_mtime > published, "it has saved them")
        assert broker.process_id is not None
        os.kill(broker.process_id, signal.SIGKILL)
        require_all(broker.port)


def test_samples_that_mosquitto_has_not_saved_are_published_again(tmp_path: Path) -> None:
    sensor = CountingSensor(channel=TOPIC)
    with running_mosquitto(tmp_path, free_port()) as broker:
        with session(broker.port):
            pass
        with collecting(BrokerAddress("127.0.0.1", broker.port), sensor) as collector:
            wait_until(lambda: sensor.count > 0, "the collector has a session")
            file, started = tmp_path / "broker" / "mosquitto.db", time.time()
            wait_until(lambda: file.exists() and file.stat().st_mtime > started, "a saved session")
            last = sensor.count + 20
            wait_until(lambda: sensor.count > last and not collector.status().waiting, "samples")
            assert broker.process_id is not None
            os.kill(broker.process_id, signal.SIGKILL)
            wait_until(lambda: broker.restarts == 1, "the broker is back")
            with session(broker.port) as received:
                wait_until(lambda: _numbers(received) >= set(range(1, last)), "all samples")


def _numbers(payloads: list[bytes]) -> set[int]:
    return {json.loads(payload)["utilization"] for payload in payloads}


def test_only_this_user_can_read_the_messages_that_mosquitto_has_saved(tmp_path: Path) -> None:
    port = free_port()
    with running_mosquitto(tmp_path, port):
        let_messages_wait(port)
    assert (tmp_path / "broker").stat().st_mode & 0o077 == 0


@pytest.mark.soak
def test_mosquitto_that_dies_while_the_history_is_unavailable_loses_no_sample(
    tmp_path: Path,
) -> None:
    broker_program(MOSQUITTO, tmp_path)
    data = tmp_path / "data"
    options = [*free_ports(), "--interval-seconds", str(INTERVAL), "--data-dir", str(data)]
    with running(tmp_path, "up", *options, "--embedded-broker", MOSQUITTO) as up:
        up.wait_for_history(4)
        command = [sys.executable, "-c", LOCK, str(data / "history.sqlite3")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            time.sleep(OUTAGE_SECONDS)
            up.broker_process().kill()
            time.sleep(OUTAGE_SECONDS)
            other.kill()
        ended = unix_milliseconds()
        wait_until(lambda: up.timestamps()[-1] > ended + 5000, "later samples", 60)
        count, missing, duplicates = gaps(Parts(up, up, up))
    log.info("%d samples, %d missing, %d twice", count, missing, duplicates)
    assert (missing, duplicates) == (0, 0)
