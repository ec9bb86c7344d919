"""What a publisher queues is sent once it may be."""

import time

import pytest

from telemetry.bus import publisher as publisher_module
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.bus.publisher import Publisher
from telemetry.bus.tenure import Tenure
from tests.services.embedded import Listener
from tests.services.processes import wait_until

TOPIC = "system/cpu"


def test_a_publisher_that_was_displaced_sends_again(
    address: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "_SETTLE_SECONDS", 0.2)
    bus = BusConnection(address, "a-publisher")
    publisher = Publisher(bus, window=60_000)

    def publish(payload: bytes) -> None:
        publisher.publish(Publication(TOPIC, payload, retain=True))
        publisher.flush()

    with Listener(address.port) as listener:
        publisher.start()
        try:
            wait_until(lambda: bus.connected, "it is connected")
            publish(b"before it may send")
            monkeypatch.setattr(Tenure, "displaced", True)
            publish(b"while displaced")
            time.sleep(0.5)  # until it might send, if it were not displaced
            assert listener.on(TOPIC) == []
            monkeypatch.setattr(Tenure, "displaced", False)  # which time alone decides
            publish(b"now")
            listener.wait_for(TOPIC)
        finally:
            publisher.stop()
    assert listener.on(TOPIC) == [b"now"]
