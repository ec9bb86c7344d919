"""What is logged about the broker while the store does not take samples."""

import logging
from pathlib import Path

import pytest

from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_LEAST_ONCE
from tests.ingester.test_backpressure import locked, publish, publisher
from tests.ingester.test_ingester import ingesting, wait_stored
from tests.services.processes import wait_until

IN_FLIGHT = 100  # what the bundled broker sends without an acknowledgement


def test_while_the_store_takes_nothing_the_log_reports_it_and_not_that_the_broker_is_gone(
    tmp_path: Path,
    address: BrokerAddress,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("telemetry.bus.client.KEEPALIVE_SECONDS", 1)
    monkeypatch.setattr("telemetry.bus.tenure._SETTLED_SECONDS", 0.5)
    monkeypatch.setattr("ingester.storage._LONGEST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr("telemetry.history.sqlite.schema._BUSY_MILLISECONDS", 100)
    caplog.set_level(logging.INFO)
    file = tmp_path / "history.sqlite3"
    with publisher(address) as client, ingesting(file, address) as ingester:
        publish(client, range(1), AT_LEAST_ONCE)
        wait_stored(file, [0])
        with locked(file):
            publish(client, range(1, IN_FLIGHT + 50), AT_LEAST_ONCE)
            wait_until(lambda: ingester.connections >= 3, "the broker answers no pings", 20)
        wait_stored(file, list(range(IN_FLIGHT + 50)))
    warnings = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert [text for text in warnings if "broker" in text] == []
    assert "is locked by another program. Samples are being held; retrying." in warnings[0]
    assert "The history is storing samples again after an outage of" in warnings[-1]
    assert (
        f"The MQTT broker at {address.masked()} does not answer: it waits for acknowledgements "
        "(100); system-monitor-ingester-" in caplog.text
    )
