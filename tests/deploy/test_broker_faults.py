"""Faults of a broker: no sample is lost or stored twice."""

import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.collector import Collector
from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.history.port import Query
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from tests.deploy.monitor import free_ports, running
from tests.deploy.parts import Parts, running_parts
from tests.fakes.sensors import CountingSensor
from tests.services.embedded import EMBEDDED_BROKERS, broker_program
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

HOUR = 3_600_000
LONG = 120.0
INTERVAL = 0.5

log = logging.getLogger(__name__)
Fault = Callable[[Mosquitto], None]


def kill(seconds: float) -> Fault:
    def fault(broker: Mosquitto) -> None:
        broker.kill()
        time.sleep(seconds)
        broker.start()

    return fault


def freeze(seconds: float) -> Fault:
    def fault(broker: Mosquitto) -> None:
        broker.freeze()
        try:
            time.sleep(seconds)
        finally:
            broker.thaw()

    return fault


def never_answer(seconds: float) -> Fault:
    def fault(broker: Mosquitto) -> None:
        broker.kill()
        with socket.create_server(("127.0.0.1", broker.port)):  # accepts, and never answers
            time.sleep(seconds)
        broker.start()

    return fault


@contextlib.contextmanager
def counting(file: Path, address: BrokerAddress, sensor: CountingSensor) -> Iterator[Collector]:
    """Run a collector that counts and an ingester that stores, in this process."""
    topics = TopicScheme()
    ingester = Ingester(SqliteWriter(file, Spans(HOUR)), address, topics, name="one")
    collector = Collector([sensor], address, topics, host="me", interval=0.1, window=HOUR)
    ingester.start()
    try:
        assert ingester.wait_subscribed(10)
        collector.start()
        yield collector
    finally:
        collector.stop()
        ingester.stop()


def stored(file: Path) -> list[float | None]:
    """Return the counter's values in the history."""
    now = time.time_ns() // 1_000_000
    with contextlib.closing(SqliteReader(file, Spans(HOUR))) as reader:
        reader.open()
        query = Query("me", ("system/cpu",), now - HOUR, now + HOUR, max_points=100_000)
        columns = reader.read(query).get("system/cpu")
    numbers = columns.fields["utilization"] if columns else []
    return [number for number in numbers if number is not None]  # an outage is marked by a null


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(freeze(2.5), id="frozen"),
        pytest.param(kill(1), id="killed", marks=pytest.mark.soak),
        pytest.param(never_answer(2.5), id="unanswering", marks=pytest.mark.soak),
    ],
)
def test_a_broker_that_fails_for_seconds_loses_and_duplicates_nothing(
    fault: Fault, own_mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.bus.client.KEEPALIVE_SECONDS", 1)
    sensor = CountingSensor()
    file = tmp_path / "history.sqlite3"
    address = BrokerAddress("127.0.0.1", own_mosquitto.port)
    with counting(file, address, sensor):
        wait_until(lambda: len(stored(file)) >= 3, "samples are stored")
        fault(own_mosquitto)
        last = sensor.count
        wait_until(lambda: last in stored(file), "samples of the outage are stored")
        # The samples of the last seconds are published again: they must not be stored twice.
        numbers = stored(file)
    assert numbers == list(range(1, len(numbers) + 1))


def gaps(parts: Parts) -> tuple[int, int, int]:
    """Return the count of samples in the history, of those missing there, and of duplicates.

    A tick that the collector missed, as on a busy machine, made no sample that could be lost.
    """
    missing = duplicates = count = 0
    for sensor in ("cpu", "memory"):
        missed = parts.collector.missed_ticks(sensor)
        times = parts.api.timestamps(f"system/{sensor}")
        ticks = round((times[-1] - times[0]) / 1000 / INTERVAL) + 1
        count += len(times)
        missing += max(0, ticks - missed - len(set(times)))
        duplicates += len(times) - len(set(times))
    return count, missing, duplicates


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("killed for 1 s", kill(1)),
        ("killed for 30 s", kill(30)),
        ("frozen for 60 s", freeze(60)),
        ("unanswering for 30 s", never_answer(30)),
    ],
)
def test_a_broker_that_fails_for_long_loses_and_duplicates_nothing(
    name: str, fault: Fault, own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with running_parts(tmp_path, own_mosquitto.port, INTERVAL) as parts:
        parts.api.wait_for_history(5)
        fault(own_mosquitto)
        ended = unix_milliseconds()
        began = time.monotonic()
        wait_until(lambda: parts.api.timestamps()[-1] > ended, "samples after the fault", LONG)
        log.info("%s: samples are stored again %.1f s later", name, time.monotonic() - began)
        wait_until(lambda: parts.api.timestamps()[-1] > ended + 15_000, "later samples", LONG)
        wait_until(lambda: parts.state() == "online", "the collector is online", LONG)
        count, missing, duplicates = gaps(parts)
        complaints = [part.stderr for part in parts]
    log.info("%s: %d samples, %d missing, %d twice", name, count, missing, duplicates)
    assert (missing, duplicates) == (0, 0)
    assert not any("Traceback" in each for each in complaints)


@pytest.mark.soak
@pytest.mark.parametrize("choice", EMBEDDED_BROKERS)
def test_an_embedded_broker_that_is_frozen_is_replaced_and_nothing_is_lost(
    choice: str, tmp_path: Path
) -> None:
    broker_program(choice, tmp_path)
    options = [*free_ports(), "--interval-seconds", str(INTERVAL), "--embedded-broker", choice]
    with running(tmp_path, "up", *options) as up:
        up.wait_for_history(5)
        broker = up.broker_process()
        broker.send_signal(signal.SIGSTOP)
        wait_until(lambda: not broker.is_running(), "it is replaced", LONG)
        ended = unix_milliseconds()
        wait_until(lambda: up.timestamps()[-1] > ended + 15_000, "later samples", LONG)
        count, missing, duplicates = gaps(Parts(up, up, up))
    log.info("frozen embedded broker: %d samples, %d missing, %d twice", count, missing, duplicates)
    assert (missing, duplicates) == (0, 0)
