"""What the ingester reports about its connection."""

from pathlib import Path

import pytest

from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.history.sqlite import SqliteWriter
from telemetry.history.window import Spans
from tests.ingester.test_ingester import HOUR, PLAIN, ingesting
from tests.services.processes import free_port, wait_until
from tests.services.refusing_broker import refusing_broker


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def test_an_ingester_whose_name_is_taken_reports_which_option_changes_it(
    file: Path, address: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.bus.tenure.Tenure.displaced", True)
    with ingesting(file, address) as ingester:
        assert "choose a different name with --ingester-name." in str(ingester.report().problem)


def test_an_ingester_that_never_connected_is_reported_as_a_problem(file: Path) -> None:
    address = BrokerAddress("127.0.0.1", free_port())
    ingester = Ingester(SqliteWriter(file, Spans(HOUR)), address, PLAIN, name="one")
    ingester.start()
    try:
        wait_until(
            lambda: f"{address.masked()} cannot be reached" in str(ingester.report().problem),
            "the broker is reported",
        )
    finally:
        ingester.stop()


def test_an_ingester_whose_subscription_is_refused_is_reported_as_a_problem(file: Path) -> None:
    with refusing_broker() as broker:
        address = BrokerAddress("127.0.0.1", broker.port)
        ingester = Ingester(SqliteWriter(file, Spans(HOUR)), address, PLAIN, name="one")
        ingester.start()
        try:
            wait_until(
                lambda: (
                    "refuses the subscription to 'system/gpu/+'" in str(ingester.report().problem)
                ),
                "the refusal is reported",
            )
        finally:
            ingester.stop()


def test_an_ingester_that_is_subscribed_is_ready(file: Path, address: BrokerAddress) -> None:
    with ingesting(file, address) as ingester:
        assert ingester.report().problem is None
