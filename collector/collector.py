"""The collector: sensors, runner and publisher put together."""

import time
from collections.abc import Iterable

from collector.publisher import Publisher
from collector.runner import Runner
from collector.sensors.port import Sensor
from telemetry import __version__
from telemetry.bus import BrokerAddress, BusConnection, LastWill
from telemetry.channels import STATUS_CHANNEL
from telemetry.status import CollectorState, CollectorStatus
from telemetry.topics import TopicScheme

_STATUS_SECONDS = 10.0


class Collector:
    """Reads ``sensors`` every ``interval`` seconds and publishes what they find.

    ``window`` is how many milliseconds of samples wait while the broker is away.
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
        self._started = time.time_ns() // 1_000_000
        self._state = CollectorState.ONLINE
        self._next_status = 0.0
        bus = BusConnection(
            broker,
            f"system-monitor-collector-{host}",
            keep_session=True,
            last_will=LastWill(topics.topic(host, STATUS_CHANNEL), self._offline().payload()),
        )
        self._publisher = Publisher(bus, topics, host, window, lambda: self.status().payload())
        self._runner = Runner(
            sensors,
            host,
            interval,
            deliver=self._publisher.publish,
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
            timestamp=time.time_ns() // 1_000_000,
            state=self._state,
            version=__version__,
            started=self._started,
            interval=self._interval,
            sensors=self._runner.reports(),
            waiting=self._publisher.waiting,
            dropped=self._publisher.dropped,
        )

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
