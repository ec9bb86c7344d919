"""The collector: connects the sensors, the runner and the publisher."""

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from collector.runner import Runner
from collector.runs.watcher import RunWatcher
from collector.sensors.port import Sensor
from telemetry import __version__
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_MOST_ONCE, LastWill, Publication
from telemetry.bus.publisher import Publisher
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import MEMORY, STATUS_CHANNEL, Retention, family_of
from telemetry.clock import unix_milliseconds
from telemetry.exposition import HostReadings, Reading
from telemetry.reports import Report, counter, gauge
from telemetry.samples import Sample
from telemetry.status import STALE_INTERVALS, STATUS_SECONDS, CollectorState, CollectorStatus

if TYPE_CHECKING:
    from collector.home_assistant.announcer import Announcer

_TAKEN = "Samples taken by the sensors, and other messages to publish"
_DROPPED = "Samples and other messages discarded before they were sent"
_BUFFERED = "Samples and other messages not yet sent"
_PUBLISHED = "Samples and other messages sent to the broker; a message sent twice counts twice"
_READING = "Duration of the last reading"
_RUNS = "Runs on this machine that the collector tracks"
_ALL_OFF = "All sensors are off (setting disabled_sensors): this machine publishes no samples."


class Collector:
    """Reads ``sensors`` every ``interval`` seconds and publishes the samples.

    While the broker is unavailable, samples of the last ``window`` milliseconds are buffered, up to
    64 MiB. While another collector uses the same host name on the broker, one of the two publishes
    nothing, and its report gives the reason. When a channel is no longer read, for
    instance because a GPU was removed, the channel's retained message is deleted. If
    ``follow_runs`` is true, the collector also tracks this machine's runs (Linux only).
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
        announcer: "Announcer | None" = None,
        follow_runs: bool = False,
    ) -> None:
        """Open nothing yet: ``start`` connects to the broker and opens the sensors.

        If ``announcer`` is given, it is started and stopped with the collector.
        """
        self._host = host
        self._interval = interval
        self._started = unix_milliseconds()
        self._state = CollectorState.ONLINE
        self._next_status = 0.0
        # By channel: its newest sample, and when the sample was delivered, in monotonic seconds.
        self._newest: dict[str, tuple[Sample, float]] = {}
        bus = BusConnection(
            broker,
            topics.client_id("collector", host),
            keep_session=True,
            last_will=LastWill(topics.topic(host, STATUS_CHANNEL), self._last_will().payload()),
        )
        self._topics = topics
        self._announcer = announcer
        self._bus = bus
        self._runs: RunWatcher | None = None
        if follow_runs and sys.platform == "linux":
            self._runs = RunWatcher(host, topics, self._publish_run, lambda: bus.connected)
            bus.on_message = self._runs.receive
        self._publisher = Publisher(bus, window, self._status_publication, self._subscribe)
        self._runner = Runner(
            sensors,
            host,
            interval,
            deliver=self._deliver,
            on_change=self._publisher.publish_status,
            on_vanished=self._forget,
            on_tick=self._end_tick,
        )

    def start(self) -> None:
        """Connect to the broker and start reading."""
        self._publisher.start()
        if self._announcer is not None:
            self._announcer.start()
        if self._runs is not None:
            self._runs.start()
        self._runner.start()

    def stop(self) -> None:
        """Stop reading, publish the state ``offline`` to ``system/status`` and disconnect."""
        self._runner.stop()
        if self._announcer is not None:
            self._announcer.stop()
        if self._runs is not None:
            self._runs.stop()
        self._state = CollectorState.OFFLINE
        self._publisher.stop()

    def wait_settled(self, seconds: float) -> None:
        """Wait up to ``seconds`` until each sensor has opened or failed to open."""
        self._runner.wait_settled(seconds)

    def status(self) -> CollectorStatus:
        """Return the current status of this collector."""
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
        """Return this collector's counters and, if it cannot publish, the reason."""
        publisher, sensors = self._publisher, self._runner.reports()
        failures = {name: each.failures for name, each in sensors.items()}
        missed = {name: each.missed_ticks for name, each in sensors.items()}
        read = {name: each.duration_ms for name, each in sensors.items()}
        seconds = {name: taken / 1000 for name, taken in read.items() if taken is not None}
        return Report(
            "collector",
            publisher.outage,
            (
                counter("samples_taken", _TAKEN, publisher.taken),
                counter("samples_published", _PUBLISHED, publisher.sent),
                counter("samples_dropped", _DROPPED, publisher.dropped),
                counter("sensor_failures", "Readings that failed", failures, label="sensor"),
                counter("sensor_missed_ticks", "Ticks without a reading", missed, label="sensor"),
                counter("broker_reconnects", "Reconnections to the broker", publisher.reconnects),
                gauge("samples_buffered", _BUFFERED, publisher.waiting),
                gauge("sensor_reading_seconds", _READING, seconds, label="sensor"),
                gauge("runs_followed", _RUNS, self._runs.count if self._runs else 0),
            ),
            notes=() if sensors else (_ALL_OFF,),
        )

    def readings(self) -> HostReadings:
        """Return the newest sample of each channel."""
        now = time.monotonic()
        aged = [(sample, now - taken) for sample, taken in list(self._newest.values())]
        readings = [
            Reading(
                sample.channel, sample.values, age, stale=age > STALE_INTERVALS * self._interval
            )
            for sample, age in aged
        ]
        return HostReadings(self._host, up=True, readings=readings)

    def _subscribe(self) -> None:
        if self._runs is not None:
            self._bus.subscribe(self._runs.topics, AT_MOST_ONCE)

    def _deliver(self, sample: Sample) -> None:
        if self._runs is not None and sample.channel == MEMORY.channel:
            sample = replace(sample, values={**sample.values, "runs": self._runs.memory})
        self._newest[sample.channel] = sample, time.monotonic()
        if self._announcer is not None:
            self._announcer.note(sample)
        self._publish(sample.channel, sample.payload())
        if self._runs is not None:
            self._runs.note(sample)

    def _forget(self, channel: str) -> None:
        self._newest.pop(channel, None)
        if self._announcer is not None:
            self._announcer.forget(channel)
        self._publish(channel, b"")  # an empty payload deletes the retained message

    def _publish(self, channel: str, payload: bytes) -> None:
        family = family_of(channel)
        has_history = family is None or family.retention is not Retention.NONE
        topic = self._topics.topic(self._host, channel)
        self._publisher.publish(Publication(topic, payload, retain=True, waits=has_history))

    def _publish_run(self, publication: Publication) -> None:
        self._publisher.publish(publication)
        self._publisher.flush()

    def _status_publication(self) -> Publication:
        topic = self._topics.topic(self._host, STATUS_CHANNEL)
        return Publication(topic, self.status().payload(), retain=True)

    def _last_will(self) -> CollectorStatus:
        return CollectorStatus(
            host=self._host,
            timestamp=self._started,
            state=CollectorState.OFFLINE,
            version=__version__,
            started=self._started,
            interval=self._interval,
            last_will=True,
        )

    def _end_tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_status:
            self._next_status = now + STATUS_SECONDS
            self._publisher.publish_status()
        self._publisher.flush()
