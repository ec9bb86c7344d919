import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from collector.collector import Collector
from collector.sensors.port import Sensor
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from tests.fakes.sensors import (
    AbsentSensor,
    ChangingSensor,
    CountingSensor,
    FailingSensor,
    HangingSensor,
)
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

HOUR = 3_600_000
INTERVAL = 0.1


@contextmanager
def collecting(
    address: BrokerAddress,
    *sensors: Sensor,
    topics: TopicScheme = TopicScheme(),  # noqa: B008 - frozen
    window: int = HOUR,
    follow_runs: bool = False,
) -> Iterator[Collector]:
    collector = Collector(
        sensors,
        address,
        topics,
        host="me",
        interval=INTERVAL,
        window=window,
        follow_runs=follow_runs,
    )
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()


def decoded(payloads: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in payloads]


def utilizations(payloads: list[bytes]) -> list[Any]:
    return [payload["utilization"] for payload in decoded(payloads)]


def test_samples_are_published_on_the_topic_named_like_the_channel(address: BrokerAddress) -> None:
    with Listener(address.port) as listener, collecting(address, CountingSensor()):
        first = decoded(listener.wait_for("system/cpu"))[0]
    assert first["host"] == "me"
    assert isinstance(first["timestamp"], int)
    assert first["per_core"] == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="runs need Linux")
def test_the_memory_of_runs_is_a_part_of_the_samples_of_memory(address: BrokerAddress) -> None:
    sensor = ChangingSensor("system/memory", "system/cpu")
    with Listener(address.port) as listener, collecting(address, sensor, follow_runs=True):
        assert decoded(listener.wait_for("system/memory"))[0]["runs"] == []
        assert "runs" not in decoded(listener.wait_for("system/cpu"))[0]


def test_the_newest_reading_of_each_channel_is_offered_to_prometheus_until_it_is_stale(
    address: BrokerAddress,
) -> None:
    sensor, hanging = ChangingSensor("system/gpu/0", "system/gpu/1"), HangingSensor()
    with collecting(address, sensor, hanging) as collector:

        def channels(*, stale: bool = False) -> set[str]:
            readings = collector.readings().readings
            return {each.channel for each in readings if each.stale is stale}

        wait_until(lambda: channels() == {"system/gpu/0", "system/gpu/1"}, "both are read")
        sensor.channels = ("system/gpu/0",)
        wait_until(lambda: channels() == {"system/gpu/0"}, "the removed GPU is forgotten")
        assert collector.readings().host == "me"
        collector.stop()
        wait_until(lambda: channels(stale=True) == {"system/gpu/0"}, "it is stale")


def test_a_tick_is_sent_once_its_last_sensor_has_been_read(address: BrokerAddress) -> None:
    with (
        Listener(address.port) as listener,
        collecting(address, CountingSensor(), CountingSensor("memory", "system/memory")),
    ):
        listener.wait_for("system/cpu", 2)
        listener.wait_for("system/memory", 2)


def test_a_sensor_that_hangs_does_not_hold_back_the_samples_of_another(
    address: BrokerAddress,
) -> None:
    hanging = HangingSensor()
    with Listener(address.port) as listener, collecting(address, hanging, CountingSensor()):
        assert utilizations(listener.wait_for("system/cpu"))[0] in {1, 2}  # 2 if it is read late
        assert hanging.count == 0
        hanging.release.set()


def test_a_prefix_with_the_host_precedes_the_channel(address: BrokerAddress) -> None:
    topics = TopicScheme("fleet/{host}")
    with (
        Listener(address.port) as listener,
        collecting(address, CountingSensor(), topics=topics),
    ):
        listener.wait_for("fleet/me/system/cpu")
        listener.wait_for("fleet/me/system/status")


def test_a_late_subscriber_gets_the_newest_sample_at_once(address: BrokerAddress) -> None:
    with Listener(address.port) as early, collecting(address, CountingSensor()):
        early.wait_for("system/cpu", 2)
        with Listener(address.port) as late:
            late.wait_for("system/cpu")
            assert late.received[0].retained


def test_the_status_reports_the_state_of_each_sensor(address: BrokerAddress) -> None:
    sensors = CountingSensor(), AbsentSensor("gpu"), FailingSensor("disk")
    with Listener(address.port, "system/status") as listener, collecting(address, *sensors):
        wait_until(
            lambda: any(
                status["sensors"]["disk"]["state"] == "failing"
                for status in decoded(listener.on("system/status"))
            ),
            "the failing sensor is in the status",
        )
        status = decoded(listener.on("system/status"))[-1]
    assert status["state"] == "online"
    assert status["interval"] == INTERVAL
    assert status["sensors"]["gpu"]["state"] == "absent"
    assert status["sensors"]["gpu"]["reason"] == "There is no such thing here."
    assert status["sensors"]["disk"]["reason"] == "OSError: the bus is on fire"


def test_while_the_broker_is_available_no_samples_wait(address: BrokerAddress) -> None:
    with (
        Listener(address.port, "system/status") as listener,
        collecting(address, CountingSensor()),
    ):
        listener.wait_for("system/status", 2)
    assert {status["waiting"] for status in decoded(listener.on("system/status"))} == {0}


def test_a_collector_without_sensors_is_online_and_reports_that_all_are_off(
    address: BrokerAddress,
) -> None:
    with Listener(address.port) as listener, collecting(address) as collector:
        assert decoded(listener.wait_for("system/status"))[0]["sensors"] == {}
        (note,) = collector.report().notes
    assert note == (
        "All sensors are off (setting disabled_sensors): this machine publishes no samples."
    )


def test_a_last_will_is_marked_because_its_timestamp_is_the_collectors_start(
    address: BrokerAddress,
) -> None:
    with Listener(address.port, "system/status") as listener:
        with collecting(address, CountingSensor()) as collector:
            online = decoded(listener.wait_for("system/status"))[0]
            break_connection(collector)
            wait_until(
                lambda: any(each["last_will"] for each in decoded(listener.on("system/status"))),
                "the last will",
            )
        statuses = decoded(listener.on("system/status"))
    [will] = [each for each in statuses if each["last_will"]]
    assert will["state"] == "offline"
    assert will["timestamp"] == will["started"] == online["started"]
    assert not any(each["last_will"] for each in statuses if each["state"] == "online")


def break_connection(collector: Collector) -> None:
    """End the connection as a fault of the network would."""
    client = collector._publisher._bus._client  # noqa: SLF001 - the connection itself
    assert client is not None
    connection = client.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)


def test_stopping_publishes_the_state_offline(address: BrokerAddress) -> None:
    with Listener(address.port, "system/status") as listener:
        with collecting(address, CountingSensor()):
            listener.wait_for("system/status")
        wait_until(
            lambda: decoded(listener.on("system/status"))[-1]["state"] == "offline", "offline"
        )


def test_of_a_family_without_history_only_the_newest_sample_waits() -> None:
    port = free_port()
    sensors = CountingSensor("gpu", "system/gpu/0/processes"), CountingSensor()
    with collecting(BrokerAddress("127.0.0.1", port), *sensors) as collector:
        wait_until(lambda: collector.status().waiting >= 5, "samples of the CPU wait")
        broker = EmbeddedBroker("127.0.0.1", port)
        broker.start()
        try:
            with Listener(port) as listener:
                listener.wait_for("system/cpu", 8)
                listener.wait_for("system/gpu/0/processes")
                received = utilizations(listener.on("system/gpu/0/processes"))
        finally:
            broker.stop()
    assert received[0] >= 4


def test_a_broker_that_lost_its_retained_messages_gets_them_again(
    broker: EmbeddedBroker, address: BrokerAddress
) -> None:
    still = CountingSensor("memory", "system/memory")
    with collecting(address, still) as collector:
        with Listener(address.port) as listener:
            listener.wait_for("system/memory", 2)
        # From now on nothing new is read: only the last sample can be sent again.
        collector._runner.stop()  # noqa: SLF001 - simulates a silent source
        wait_until(lambda: collector.status().waiting == 0, "all is sent")
        assert broker.process_id is not None
        os.kill(broker.process_id, signal.SIGKILL)
        wait_until(lambda: broker.restarts == 1, "the broker is back")
        wait_until(lambda: _retained(address.port) == {"system/memory", "system/status"}, "all")
        with Listener(address.port) as late:
            newest = utilizations(late.wait_for("system/memory"))
    assert newest == [still.count]


def _retained(port: int) -> set[str]:
    try:
        with Listener(port) as listener:
            return {message.topic for message in listener.received if message.retained}
    except OSError:
        return set()


def test_a_full_buffer_drops_the_oldest_and_counts_them() -> None:
    nobody = BrokerAddress("127.0.0.1", free_port())
    with collecting(nobody, CountingSensor(), window=300) as collector:
        wait_until(lambda: collector.status().dropped >= 3, "samples are dropped")
        assert collector.status().waiting <= 5


def test_a_sample_too_large_for_any_broker_is_dropped_and_counted(
    address: BrokerAddress,
) -> None:
    class Enormous(CountingSensor):
        def read(self) -> Any:
            [reading] = super().read()
            return [reading._replace(values={"per_core": [0.123456789] * 50_000})]

    sensors = Enormous("enormous"), CountingSensor()
    with Listener(address.port) as listener, collecting(address, *sensors) as collector:
        listener.wait_for("system/cpu", 3)
        wait_until(lambda: collector.status().dropped >= 1, "the sample is dropped")
    assert all(len(payload) < 1000 for payload in listener.on("system/cpu"))
