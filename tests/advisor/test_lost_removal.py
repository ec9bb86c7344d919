"""Mosquitto dies before it has saved that a retained message was removed."""

import os
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from tests.advisor.test_advisor import HOT, advising, messages, publish_until
from tests.deploy.test_broker_queue import running_mosquitto
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

OTHER = "system/findings/heat/gpu1"


def save(broker: EmbeddedBroker, file: Path) -> None:
    """Let Mosquitto save its retained messages now."""
    assert broker.process_id is not None
    before = time.time_ns()
    os.kill(broker.process_id, signal.SIGUSR1)
    wait_until(lambda: file.exists() and file.stat().st_mtime_ns > before, "it has saved them")


def is_retained(port: int) -> bool:
    with Listener(port) as later:
        later.publish("marker", b"")
        wait_until(lambda: bool(messages(later, "marker")), "what is retained has arrived")
        return bool(messages(later, HOT))


def test_a_finding_that_is_over_does_not_come_back_with_a_broker_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.watch.SETTLE_SECONDS", 0.2)
    monkeypatch.setattr("advisor.advisor._GATHER_SECONDS", 0.02)
    port, file, kept = free_port(), tmp_path / "broker" / "mosquitto.db", tmp_path / "kept.db"
    with ExitStack() as stack:
        with running_mosquitto(tmp_path, port) as broker:
            advisor = stack.enter_context(advising(tmp_path, BrokerAddress("127.0.0.1", port)))
            client = stack.enter_context(Listener(port))
            publish_until(client, 95, lambda: len(messages(client)) == 1)
            save(broker, file)
            shutil.copy(file, kept)
            publish_until(client, 20, lambda: len(messages(client)) == 3)
            # The publisher repeats what it published last, so something else has to be that.
            publish_until(client, 95, lambda: len(messages(client, OTHER)) == 1, "system/gpu/1")
        shutil.copy(kept, file)  # what a killed broker would have left
        stack.enter_context(running_mosquitto(tmp_path, port))
        wait_until(lambda: not is_retained(port), "the removal")
        assert advisor.report().problem is None
