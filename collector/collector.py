"""The collector: sensors, runner and publisher put together."""

import time
from collections.abc import Iterable

from collector.runner import Runner
from collector.sensors.port import Sensor
from telemetry import __version__
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import LastWill, Publication
from telemetry.bus.publisher import Publisher
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL, Retention, family_of
from telemetry.clock import unix_milliseconds
from telemetry.reports import Report, counter, gauge
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus

_STATUS_SECONDS = 10.0
_PUBLISHED = "Samples sent to the broker, those sent again included"
_READING = "How long the newest reading took"


class Collector:
    """Reads ``sensors`` every ``interval`` seconds and publishes what they find.

    ``window`` is how many milliseconds of samples wait while the broker is away. While another
    collector uses the same host name on the broker, one of the two sends nothing; its report says
    why.
    """

    def __init__(
        self,
        sensors: Iterable[Sensor],
        broker: BrokerAddress,
        topics: TopicScheme,
        *,
        host: str,
        interval: float,
        window: int,
    ) -> None:
        """Put the parts together; nothing is opened before ``start``."""
        self._host = host
        self._interval = interval
        self._started = unix_milliseconds()
        self._state = CollectorState.ONLINE
        self._next_status = 0.0
        bus = BusConnection(
            broker,
            f"system-monitor-collector-{host}",
            keep_session=True,
            last_will=LastWill(topics.topic(host, STATUS_CHANNEL), self._offline().payload()),
        )
        self._topics = topics
        self._publisher = Publisher(bus, window, self._status_publication)
        self._runner = Runner(
            sensors,
            host,
            interval,
            deliver=lambda sample: self._publisher.publish(self._publication(sample)),
            on_change=self._publisher.publish_status,
            on_tick=self._publish_status_now_and_then,
        )

    def start(self) -> None:
        """Connect to the broker and begin to read."""
        self._publisher.start()
        self._runner.start()

    def stop(self) -> None:
        """End the readings, say goodbye on ``system/status`` and disconnect."""
        self._runner.stop()
        self._state = CollectorState.OFFLINE
        self._publisher.stop()

    def wait_settled(self, seconds: float) -> None:
        """Wait, ``seconds`` at most, until each sensor has found out what there is to read."""
        self._runner.wait_settled(seconds)

    def status(self) -> CollectorStatus:
        """Return the status as it is now."""
        return CollectorStatus(
            host=self._host,
            timestamp=unix_milliseconds(),
            state=self._state,
            version=__version__,
            started=self._started,
            interval=self._interval,
            sensors=self._runner.reports(),
            waiting=self._publisher.waiting,
            dropped=self._publisher.dropped,
        )

    def report(self) -> Report:
        """Return what this collector has counted, and why it cannot publish."""
        publisher, sensors = self._publisher, self._runner.reports()
        failures = {name: each.failures for name, each in sensors.items()}
        missed = {name: each.missed_ticks for name, each in sensors.items()}
        read = {name: each.duration_ms for name, each in sensors.items()}
        seconds = {name: taken / 1000 for name, taken in read.items() if taken is not None}
        return Report(
            "collector",
            publisher.outage,
            (
                counter("samples_taken", "Samples that the sensors made", publisher.taken),
                counter("samples_published", _PUBLISHED, publisher.sent),
                counter("samples_dropped", "Samples that no longer fitted", publisher.dropped),
                counter("sensor_failures", "Readings that failed", failures, label="sensor"),
                counter("sensor_missed_ticks", "Ticks without a reading", missed, label="sensor"),
                counter("broker_reconnects", "Connections after the first", publisher.reconnects),
                gauge("samples_buffered", "Samples not yet sent", publisher.waiting),
                gauge("sensor_reading_seconds", _READING, seconds, label="sensor"),
            ),
        )

    def _publication(self, sample: Sample) -> Publication:
        family = family_of(sample.channel)
        has_history = family is None or family.retention is not Retention.NONE
        topic = self._topics.topic(sample.host, sample.channel)
        return Publication(topic, sample.payload(), retain=True, waits=has_history)

    def _status_publication(self) -> Publication:
        topic = self._topics.topic(self._host, STATUS_CHANNEL)
        return Publication(topic, self.status().payload(), retain=True)

    def _offline(self) -> CollectorStatus:
        return CollectorStatus(
            host=self._host,
            timestamp=self._started,
            state=CollectorState.OFFLINE,
            version=__version__,
            started=self._started,
            interval=self._interval,
        )

    def _publish_status_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._next_status:
            self._next_status = now + _STATUS_SECONDS
            self._publisher.publish_status()
