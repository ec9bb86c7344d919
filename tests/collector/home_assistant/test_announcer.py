"""Discovery over a real broker."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from collector.home_assistant.announcer import Announcer
from collector.home_assistant.discovery import BIRTH_TOPIC, Source
from deploy import arguments, wiring
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.samples import Sample
from telemetry.settings.loading import load_settings
from tests.services.embedded import Listener
from tests.services.processes import wait_until

HOST = "homeassistant/device/me/host/config"
GPU = "homeassistant/device/me/gpu_1/config"


@contextlib.contextmanager
def announcing(address: BrokerAddress) -> Iterator[Announcer]:
    announcer = Announcer(address, Source("me", TopicScheme("fleet/{host}"), 2.0))
    announcer.start()
    try:
        # What is noted from now on is published at once.
        assert announcer._bus.wait_subscribed(10)  # noqa: SLF001
        yield announcer
    finally:
        announcer.stop()


@pytest.fixture
def listener(address: BrokerAddress) -> Iterator[Listener]:
    with Listener(address.port) as found:
        yield found


def cpu(**values: object) -> Sample:
    return Sample("system/cpu", "me", 1, {"utilization": 1.0, **values})


def gpu(channel: str = "system/gpu/1", **values: object) -> Sample:
    return Sample(channel, "me", 1, {"memory_used": 5, **values})


def payloads(listener: Listener, topic: str) -> list[Any]:
    found = [each.payload for each in listener.received if each.topic == topic]
    return [json.loads(each) if each else None for each in found]


def wait_for(listener: Listener, topic: str, count: int) -> list[Any]:
    wait_until(lambda: len(payloads(listener, topic)) >= count, f"{count} messages on {topic}", 10)
    return payloads(listener, topic)


def test_a_device_is_announced_with_its_first_sample_and_again_with_a_new_field(
    address: BrokerAddress, listener: Listener
) -> None:
    with announcing(address) as announcer:
        announcer.note(cpu(frequency=None))
        (first,) = wait_for(listener, HOST, 1)
        assert first["cmps"].keys() == {"cpu_utilization"}
        assert first["availability_topic"] == "fleet/me/system/status"
        announcer.note(cpu(frequency=None))
        announcer.note(cpu(frequency=1000.0))
        announcer.note(cpu(frequency=None))
        wait_for(listener, HOST, 2)
        announcer.note(gpu())
        wait_for(listener, GPU, 1)
    machine = payloads(listener, HOST)
    assert len(machine) == 2
    assert machine[1]["cmps"].keys() == {"cpu_utilization", "cpu_frequency"}


def test_everything_is_announced_again_when_home_assistant_starts(
    address: BrokerAddress, listener: Listener
) -> None:
    with announcing(address) as announcer:
        announcer.note(cpu())
        announcer.note(gpu())
        wait_for(listener, GPU, 1)
        listener.publish(BIRTH_TOPIC, "offline")
        listener.publish(BIRTH_TOPIC, "online")
        first, second = wait_for(listener, GPU, 2)
        wait_for(listener, HOST, 2)
    assert first == second


def test_a_device_is_retained_for_a_home_assistant_that_connects_later(
    address: BrokerAddress, listener: Listener
) -> None:
    with announcing(address) as announcer:
        announcer.note(cpu())
        wait_for(listener, HOST, 1)
    with Listener(address.port) as late:
        wait_for(late, HOST, 1)


def test_a_gpu_that_is_removed_is_removed_from_home_assistant(
    address: BrokerAddress, listener: Listener
) -> None:
    with announcing(address) as announcer:
        announcer.note(gpu())
        announcer.note(gpu("system/gpu/1/mig/0"))
        wait_for(listener, GPU, 2)
        announcer.forget("system/gpu/1/mig/0")
        *_, fewer = wait_for(listener, GPU, 3)
        assert fewer["cmps"]["gpu_mig_0_memory_used"] == {"p": "sensor"}
        assert fewer["cmps"]["gpu_memory_used"]["name"] == "Memory used"
        announcer.forget("system/gpu/1")
        *_, last = wait_for(listener, GPU, 4)
        announcer.forget("system/gpu/1")
    assert last is None


def test_what_was_noted_before_the_broker_was_connected_is_announced_then(
    address: BrokerAddress, listener: Listener
) -> None:
    announcer = Announcer(address, Source("me", TopicScheme("fleet/{host}"), 2.0))
    announcer.note(cpu())
    announcer.start()
    wait_for(listener, HOST, 1)
    announcer.stop()


def test_a_collector_with_the_setting_announces_what_its_sensors_read(
    address: BrokerAddress, listener: Listener
) -> None:
    options = {
        "mqtt_url": f"mqtt://127.0.0.1:{address.port}",
        "host_name": "me",
        "home_assistant_discovery": True,
        "interval_seconds": 0.2,
    }
    collector = wiring.collector(load_settings(options))
    collector.start()
    try:
        wait_until(lambda: _ram(listener) is not None, "the machine is announced", 10)
    finally:
        collector.stop()


def _ram(listener: Listener) -> Any:
    return next(
        (each["cmps"].get("memory_ram_used") for each in reversed(payloads(listener, HOST))), None
    )


@pytest.mark.parametrize("role", ["up", "collector", "check"])
def test_the_roles_that_read_sensors_take_the_setting_as_an_option(role: str) -> None:
    _, options, _ = arguments.parse([role, "--home-assistant-discovery"])
    assert options == {"home_assistant_discovery": "true"}
