"""The memory of the embedded broker is bounded, whatever its clients publish."""

import contextlib
import sys
from collections.abc import Iterator

import psutil
import pytest

from deploy import broker_memory
from deploy.broker_probe import accepts_clients
from deploy.broker_program import BrokerProgram
from deploy.embedded_broker import EmbeddedBroker
from telemetry.samples import MAX_PAYLOAD_BYTES
from tests.services.embedded import Listener
from tests.services.flood import Flood, publish
from tests.services.processes import free_port, wait_until

LIMIT = 64_000_000
PROGRAM = 32_000_000  # its code, which the limit does not count


@pytest.fixture
def broker(program: BrokerProgram, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedBroker]:
    """Start each program with a small limit."""
    monkeypatch.setattr(broker_memory, "LIMIT_BYTES", LIMIT)
    broker = EmbeddedBroker("127.0.0.1", free_port(), program=program, probe_pause=0.2)
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
@pytest.mark.parametrize("size", [100_000, pytest.param(100, marks=pytest.mark.soak)])
def test_a_flood_of_retained_messages_restarts_the_broker_without_them(
    broker: EmbeddedBroker, size: int
) -> None:
    flood = Flood("system/junk/{}", size, 1_000_000, topics=1_000_000, retained=True)
    sizes = [0]

    def is_restarted() -> bool:
        with contextlib.suppress(psutil.Error):
            sizes.append(psutil.Process(broker.process_id).memory_info().rss)
        return broker.restarts > 0

    publish(broker.port, flood, 60, is_restarted)
    wait_until(lambda: accepts_clients("127.0.0.1", broker.port, 1), "the next process")
    assert max(sizes) < LIMIT + PROGRAM
    assert "memory limit of 64 MB" in broker.report().notes[0]
    with Listener(broker.port, "system/#") as listener:
        listener.publish("system/cpu", b"1")
        assert listener.wait_for("system/cpu") == [b"1"]
        assert len(listener.received) < 1000


def test_a_message_larger_than_a_sample_may_be_is_not_delivered(broker: EmbeddedBroker) -> None:
    with Listener(broker.port, "system/#") as listener:
        for size in (MAX_PAYLOAD_BYTES + 1024, MAX_PAYLOAD_BYTES - 1024):
            publish(broker.port, Flood("system/cpu", size, 100, retained=True), 0.1)
        listener.wait_for("system/cpu")
        assert {len(each) for each in listener.on("system/cpu")} == {MAX_PAYLOAD_BYTES - 1024}
