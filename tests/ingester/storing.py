"""An ingester between a real broker and a real InfluxDB, and the samples sent through it."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import Query
from telemetry.history.window import Spans
from tests.services.embedded import Listener
from tests.services.influxdb import Influxdb
from tests.services.processes import wait_until

HOUR = 3_600_000
HOST = "me"
CHANNEL = "system/cpu"
SECONDS = 20.0


@dataclass
class Source:
    """Publishes samples of ``system/cpu``, each a millisecond after the previous one."""

    client: Listener
    topics: TopicScheme
    first: int = field(default_factory=lambda: unix_milliseconds() - HOUR // 2)
    published: list[int] = field(default_factory=list)

    def publish(self, count: int, *, cores: int = 0) -> None:
        """Publish ``count`` more samples."""
        for _ in range(count):
            timestamp = self.first + len(self.published)
            sample = {"timestamp": timestamp, "utilization": 1, "per_core": [1.5] * cores}
            self.send(CHANNEL, **sample)
            self.published.append(timestamp)

    def send(self, channel: str, **payload: object) -> None:
        """Publish anything."""
        topic = self.topics.topic(HOST, channel)
        self.client.publish(topic, json.dumps({"host": HOST, **payload}))


@dataclass(frozen=True)
class Way:
    """The way to one bucket: a broker, topics and a session there, a store."""

    broker: BrokerAddress
    store: Influxdb
    bucket: str
    topics: TopicScheme

    @contextmanager
    def ingesting(self) -> Iterator[Ingester]:
        """Run an ingester; always the same session at the broker."""
        store = self.store
        writer = InfluxdbWriter(store.url, store.token, store.org, self.bucket, Spans(HOUR))
        ingester = Ingester(writer, self.broker, self.topics, name=self.bucket)
        ingester.start()
        try:
            assert ingester.wait_subscribed(SECONDS)
            yield ingester
        finally:
            ingester.stop()


def stored(way: Way) -> list[int]:
    """Return the timestamps of ``system/cpu`` in the bucket."""
    now, store = unix_milliseconds(), way.store
    with closing(
        InfluxdbReader(store.url, store.token, store.org, way.bucket, Spans(HOUR))
    ) as reader:
        reader.open()
        query = Query(HOST, (CHANNEL,), now - HOUR, now, max_points=100_000)
        columns = reader.read(query).get(CHANNEL)
    return [] if columns is None else columns.timestamps


def wait_for(ingester: Ingester, count: int) -> None:
    """Wait until ``ingester`` has stored ``count`` samples, counting those delivered again."""
    wait_until(lambda: ingester.written >= count, f"{count} samples are stored", SECONDS)
