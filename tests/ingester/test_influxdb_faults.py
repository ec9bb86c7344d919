"""A misbehaving InfluxDB neither loses nor duplicates samples."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from deploy.embedded_broker import EmbeddedBroker
from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from tests.ingester.storing import CHANNEL, SECONDS, Source, Way, stored, wait_for
from tests.services.embedded import Listener
from tests.services.influxdb import Influxdb, OwnInfluxdb
from tests.services.influxdb_proxy import Fault, Proxy, proxy_to
from tests.services.influxdb_tokens import new_token
from tests.services.processes import free_port, wait_until

HANGS, BREAKS_OFF = 0, -1
NOT_OURS = b"<html>The plain HTTP request was sent to HTTPS port</html>"
NO_BUCKET = b'{"code":"not found","message":"bucket \\"b\\" not found"}'


@pytest.fixture(scope="module")
def shared_broker() -> Iterator[BrokerAddress]:
    """Run a broker for all tests here; each has its own topics."""
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    yield BrokerAddress(broker.host, broker.port)
    broker.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses and timeouts of the ingester and of InfluxDB's client."""
    monkeypatch.setattr("ingester.storage._FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("ingester.batcher._BATCH_SECONDS", 0.05)
    monkeypatch.setattr("telemetry.history.influxdb.server._TIMEOUT_SECONDS", 0.4)


@pytest.fixture
def proxy(influxdb: Influxdb) -> Iterator[Proxy]:
    with proxy_to(influxdb) as proxy:
        yield proxy


def way_to(store: Influxdb, broker: BrokerAddress) -> Way:
    bucket = store.new_bucket()
    return Way(broker, store, bucket, TopicScheme(bucket))


def failures(ingester: Ingester) -> float:
    counts = ingester.report().counts
    return next(float(str(each.value)) for each in counts if each.name == "store_failures")


@pytest.fixture
def way(proxy: Proxy, shared_broker: BrokerAddress) -> Way:
    return way_to(proxy.account, shared_broker)


@pytest.fixture
def source(way: Way) -> Iterator[Source]:
    with Listener(way.broker.port) as client:
        yield Source(client, way.topics)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(500, stored=True), "returned an error (500: because)"),
        (Fault(503), "returned an error (503: because)"),
        (Fault(401), "rejected the token (because): set influxdb_token"),
        (Fault(404), "returned an error (404: because)"),
        (Fault(404, NO_BUCKET), "the next write creates it again"),
        (Fault(400, NOT_OURS), "a response that is not from InfluxDB (status 400)"),
        (Fault(200, NOT_OURS), "a response that is not from InfluxDB (status 200)"),
        (Fault(302, headers={"Location": "/login"}), "returned an error (302: because)"),
        (Fault(HANGS, stored=True), "did not answer in time"),
        (Fault(BREAKS_OFF), "dropped the connection"),
    ],
    ids=["500", "503", "401", "404", "no-bucket", "400", "page", "302", "hangs", "breaks-off"],
)
def test_samples_wait_until_the_store_takes_them(
    way: Way, source: Source, proxy: Proxy, fault: Fault, sentence: str
) -> None:
    with way.ingesting() as ingester:
        source.publish(10)
        wait_for(ingester, 10)
        proxy.inject(fault)
        source.publish(40)
        wait_until(lambda: ingester.waiting == 40, "all are there", SECONDS)
        wait_until(lambda: len(proxy.refused_at) >= 2, "two attempts", SECONDS)
        assert ingester.written == 10
        assert sentence in str(ingester.problem)
        proxy.lift()
        wait_for(ingester, 50)
        assert ingester.problem is None
        assert ingester.rejected == {}
    assert stored(way) == source.published


def test_samples_are_counted_once_however_often_they_are_tried(
    way: Way, source: Source, proxy: Proxy
) -> None:
    with way.ingesting() as ingester:
        proxy.inject(Fault(503))
        source.send(CHANNEL, timestamp=1, utilization=1, per_core=[])
        source.publish(10)
        wait_until(lambda: len(proxy.refused_at) >= 3, "three attempts", SECONDS)
        proxy.lift()
        wait_until(lambda: ingester.waiting == 0, "all are acknowledged", SECONDS)
        counts = {each.name: each.value for each in ingester.report().counts}
    assert (ingester.written, counts["samples_outside_window"]) == (10, 1)


def test_nothing_is_acknowledged_before_it_is_stored(
    way: Way, source: Source, proxy: Proxy
) -> None:
    with way.ingesting() as ingester:
        proxy.inject(Fault(500, stored=True))  # the store has it, but reports an error
        source.publish(40)
        wait_until(lambda: len(proxy.refused_at) >= 2, "two attempts", SECONDS)
    proxy.lift()
    with way.ingesting() as ingester:
        wait_for(ingester, 40)  # all of them were delivered again
    assert stored(way) == source.published


def test_a_store_that_asks_for_a_pause_gets_it(way: Way, source: Source, proxy: Proxy) -> None:
    with way.ingesting() as ingester:
        proxy.inject(Fault(429, headers={"Retry-After": "1"}))
        source.publish(20)
        wait_until(lambda: len(proxy.refused_at) == 1, "an attempt", SECONDS)
        proxy.lift()
        wait_for(ingester, 20)
        assert time.monotonic() - proxy.refused_at[0] >= 1
    assert stored(way) == source.published


def test_samples_wait_while_the_token_is_inactive(
    shared_broker: BrokerAddress, influxdb: Influxdb
) -> None:
    token = new_token(influxdb, "read:orgs", "read:buckets", "write:buckets")
    way = way_to(token.account, shared_broker)
    with Listener(way.broker.port) as client, way.ingesting() as ingester:
        source = Source(client, way.topics)
        source.publish(10)
        wait_for(ingester, 10)
        token.set_active(active=False)
        source.publish(10)
        # After five attempts, samples would be discarded because of an unexpected error.
        wait_until(lambda: failures(ingester) >= 7, "seven attempts", SECONDS)
        assert "the token is inactive or lacks permission" in str(ingester.problem)
        assert ingester.rejected == {}
        token.set_active(active=True)
        wait_for(ingester, 20)
    assert stored(way) == source.published


def test_samples_wait_while_a_foreign_bucket_keeps_too_little(
    way: Way, source: Source, influxdb: Influxdb
) -> None:
    with InfluxDBClient(influxdb.url, influxdb.token, org=influxdb.org) as other:
        buckets = other.buckets_api()
        rules = [{"type": "expire", "everySeconds": 86_400}]
        long = buckets.create_bucket(bucket_name=f"{way.bucket}-long", retention_rules=rules)
        with way.ingesting() as ingester:
            source.publish(10)
            wait_until(lambda: "did not create this bucket" in str(ingester.problem), "a reason")
            assert ingester.written == 0
            long.retention_rules[0].every_seconds = 0
            buckets.update_bucket(long)
            wait_for(ingester, 10)
    assert stored(way) == source.published


def test_what_the_store_refuses_is_discarded_and_blocks_nothing(
    way: Way, source: Source, influxdb: Influxdb
) -> None:
    with way.ingesting() as ingester:
        source.publish(1)
        wait_for(ingester, 1)
        with InfluxDBClient(influxdb.url, influxdb.token, org=influxdb.org) as other:
            other.write_api(write_options=SYNCHRONOUS).write(
                way.bucket, record=f"memory,host=me ram_used=true {source.first}000000"
            )
        memory = {"ram_used": 1, "ram_total": 2, "swap_used": 3, "swap_total": 4}
        for number in range(100):
            source.publish(1)
            if number % 33 == 0:
                source.send("system/memory", timestamp=source.first + number, **memory)
        wait_until(lambda: ingester.received == 105 and not ingester.waiting, "all", SECONDS)
        assert ingester.rejected == {"field type conflict": 4}
        assert ingester.written == 101
        assert ingester.problem is None
    assert stored(way) == source.published


def test_a_batch_too_large_for_the_store_is_halved_until_it_fits(
    way: Way, source: Source, proxy: Proxy
) -> None:
    with way.ingesting() as ingester:
        proxy.inject(Fault(500))
        source.publish(100)
        wait_until(lambda: ingester.waiting == 100, "all are there", SECONDS)
        proxy.inject(Fault(413, NOT_OURS, beyond=1500))
        wait_for(ingester, 100)
        assert len(proxy.refused_at) > 1
        source.publish(1, cores=200)  # too large alone
        wait_until(lambda: ingester.rejected == {"too large": 1}, "it is discarded", SECONDS)
        source.publish(1)
        wait_for(ingester, 101)
    del source.published[100]
    assert stored(way) == source.published


def test_a_server_that_is_halted_and_killed_has_each_sample_once(
    shared_broker: BrokerAddress, own_influxdb: OwnInfluxdb
) -> None:
    way = way_to(own_influxdb.account, shared_broker)
    with Listener(way.broker.port) as client, way.ingesting() as ingester:
        source = Source(client, way.topics)
        source.publish(20)
        wait_for(ingester, 20)
        os.kill(own_influxdb.server.pid, signal.SIGSTOP)
        source.publish(50)
        wait_until(lambda: ingester.problem is not None, "it is noticed", SECONDS)
        assert "did not answer in time" in str(ingester.problem)
        os.kill(own_influxdb.server.pid, signal.SIGCONT)
        wait_for(ingester, 70)
        own_influxdb.server.kill()
        source.publish(50)
        wait_until(lambda: "is it running?" in str(ingester.problem), "it is reported", SECONDS)
        assert ingester.written == 70
        own_influxdb.server.start()
        wait_for(ingester, 120)
    assert stored(way) == source.published
