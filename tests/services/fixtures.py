"""The services as fixtures, for every test."""

from collections.abc import Iterator

import pytest

from tests.services.influxdb import Influxdb, OwnInfluxdb, own_running_influxdb, running_influxdb
from tests.services.mosquitto import Mosquitto, running_mosquitto


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Run a Mosquitto for all tests: use your own topics, and leave it running."""
    with running_mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture
def own_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Run a Mosquitto for one test, which may stop, kill and start it again."""
    with running_mosquitto(tmp_path_factory.mktemp("own_mosquitto")) as broker:
        yield broker


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxdb]:
    """Run an InfluxDB for all tests: use your own bucket (``influxdb.new_bucket()``)."""
    with running_influxdb(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture
def own_influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnInfluxdb]:
    """Run an InfluxDB for one test, which may stop, kill and start it again."""
    with own_running_influxdb(tmp_path_factory.mktemp("own_influxdb")) as server:
        yield server
