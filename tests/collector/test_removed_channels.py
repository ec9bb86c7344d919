"""The retained messages of channels that are no longer read."""

import pytest

from collector import collector as collector_module
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from tests.collector.test_collector import collecting
from tests.fakes.sensors import ChangingSensor
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

GPUS = ("system/gpu/0", "system/gpu/1", "system/gpu/1/processes")


def test_the_retained_messages_of_a_removed_gpu_are_deleted(address: BrokerAddress) -> None:
    sensor = ChangingSensor(*GPUS)
    with Listener(address.port) as listener, collecting(address, sensor):
        listener.wait_for(GPUS[2])
        sensor.channels = GPUS[:1]
        wait_until(
            lambda: all(listener.on(topic)[-1] == b"" for topic in GPUS[1:]), "they are deleted"
        )
        with Listener(address.port) as late:
            late.wait_for("system/status")
            late.wait_for(GPUS[0])
            assert {each.topic for each in late.received if each.retained} == {
                "system/status",
                GPUS[0],
            }


def test_what_vanishes_while_the_broker_is_unavailable_is_deleted_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector_module, "STATUS_SECONDS", 0.2)
    port = free_port()
    sensor = ChangingSensor(*GPUS)
    with collecting(BrokerAddress("127.0.0.1", port), sensor) as collector:
        wait_until(lambda: collector.status().waiting >= 4, "samples wait")
        sensor.channels = GPUS[:1]
        for deletions in ([b""], []):
            broker = EmbeddedBroker("127.0.0.1", port)
            broker.start()
            try:
                with Listener(port) as listener:
                    listener.wait_for("system/status", 2)
                    listener.wait_for(GPUS[0], 2)
                    if deletions:
                        wait_until(
                            lambda: all(b"" in listener.on(topic) for topic in GPUS[1:]),
                            "they are deleted",
                        )
                    # Of the processes, which have no history, nothing else waits.
                    assert listener.on(GPUS[2]) == deletions
                    # Samples that waited follow, but only for the history.
                    current = [each for each in listener.on(GPUS[1]) if b'"late":true' not in each]
                    assert current == deletions
            finally:
                broker.stop()
