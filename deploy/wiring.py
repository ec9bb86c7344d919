"""Creates and connects the parts of System Monitor that the settings require.

No other module does this. Most imports are inside functions, so that a stand-alone collector does
not load the API's libraries.
"""

from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from deploy import broker_mosquitto
from deploy.broker_listeners import MQTT5_PORT, WEBSOCKET_PORT
from deploy.broker_program import BrokerProgram
from deploy.broker_rumqttd import Rumqttd
from deploy.data_folder import DataFolder
from deploy.embedded_broker import EmbeddedBroker
from deploy.metrics_server import MetricsServer
from telemetry.errors import SettingsError
from telemetry.history.window import Spans
from telemetry.settings import Settings
from telemetry.settings.values import BUNDLED, MOSQUITTO, SENSORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from advisor.advisor import Advisor
    from advisor.notices.notices import Notices
    from advisor.notices.senders import Sender
    from api.live.subscription import Subscription
    from api.serving.server import ApiServer
    from collector.collector import Collector
    from collector.home_assistant.announcer import Announcer
    from collector.sensors.port import Sensor
    from ingester.ingester import Ingester
    from telemetry.exposition import HostReadings
    from telemetry.history.port import HistoryReader, HistoryWriter
    from telemetry.reports import Reporter
    from telemetry.status import SensorReport

_SENSORS_SECONDS = 10.0  # a GPU's driver may take this long when it is first used


def history_file(settings: Settings) -> Path:
    """Return the path of the embedded history's SQLite file."""
    return settings.data_dir / "history.sqlite3"


def history_description(settings: Settings) -> str:
    """Return a description of where the history is stored."""
    if settings.influxdb_url is None:
        return f"SQLite in the data folder {settings.data_dir}"
    return f"InfluxDB at {settings.influxdb_url}, bucket {settings.influxdb_bucket}"


def sensors(settings: Settings) -> "Sequence[Sensor]":
    """Return the sensors that the settings enable, not yet opened."""
    from collector.sensors import registry

    off = settings.disabled_sensors
    return [registry.build(name) for name in SENSORS if name not in off]


class _Influxdb(TypedDict):
    url: str
    token: str
    org: str
    bucket: str
    spans: Spans


def _influxdb(settings: Settings) -> _Influxdb:
    # Settings with a URL but no token or organization are rejected, so no "" below is ever used.
    token = settings.influxdb_token
    return {
        "url": settings.influxdb_url or "",
        "token": token.reveal() if token else "",
        "org": settings.influxdb_org or "",
        "bucket": settings.influxdb_bucket,
        "spans": settings.spans,
    }


def history_writer(settings: Settings) -> "HistoryWriter":
    """Return a writer for the history, which is in SQLite or InfluxDB."""
    if settings.influxdb_url is None:
        from telemetry.history.sqlite import SqliteWriter

        return SqliteWriter(history_file(settings), settings.spans, limit=settings.history_bytes)
    from telemetry.history.influxdb import InfluxdbWriter

    return InfluxdbWriter(**_influxdb(settings))


def history_reader(settings: Settings) -> "HistoryReader":
    """Return a reader for the history in SQLite or InfluxDB."""
    if settings.influxdb_url is None:
        from telemetry.history.sqlite import SqliteReader

        return SqliteReader(history_file(settings), settings.spans)
    from telemetry.history.influxdb import InfluxdbReader

    return InfluxdbReader(**_influxdb(settings))


def collector(settings: Settings) -> "Collector":
    """Return the collector."""
    from collector.collector import Collector

    return Collector(
        sensors(settings),
        settings.broker,
        settings.topics,
        host=settings.host_name,
        interval=settings.interval_seconds,
        window=settings.window,
        announcer=_announcer(settings),
        follow_runs=settings.automatic_runs,
    )


def _announcer(settings: Settings) -> "Announcer | None":
    if not settings.home_assistant_discovery:
        return None
    from collector.home_assistant.announcer import Announcer
    from collector.home_assistant.discovery import Source

    source = Source(settings.host_name, settings.topics, settings.interval_seconds)
    return Announcer(settings.broker, source)


def sensor_reports(collector: "Collector") -> "Mapping[str, SensorReport]":
    """Return the report of each sensor of ``collector``, by sensor name.

    Waits up to 10 s until each sensor has opened or failed to open.
    """
    collector.wait_settled(_SENSORS_SECONDS)
    return collector.status().sensors


def ingester(settings: Settings) -> "Ingester":
    """Return the ingester."""
    from ingester.ingester import Ingester

    return Ingester(
        history_writer(settings),
        settings.broker,
        settings.topics,
        name=settings.ingester_name or settings.host_name,
        group=settings.ingester_group,
        limits=settings.limits,
    )


def advisor(settings: Settings) -> "Advisor":
    """Return the advisor."""
    from advisor.advisor import Advisor
    from advisor.detectors import registry

    return Advisor(
        partial(registry.build, settings.disabled_findings, settings.changed_thresholds),
        history_reader(settings),
        settings.broker,
        settings.topics,
        name=settings.host_name,
        spans=settings.spans,
        limits=settings.limits,
    )


def api(settings: Settings, others: "Sequence[Reporter]" = ()) -> "ApiServer":
    """Return the API's server.

    ``others`` return the reports of the other parts in this process, which the API serves too.
    """
    from api.app import create_app
    from api.serving.server import ApiServer

    app = create_app(settings, subscription(settings), history_reader(settings), others)
    return ApiServer(app, settings.http_host, settings.http_port)


def senders(settings: Settings) -> "Sequence[Sender]":
    """Return a sender for each target. Raises SettingsError if Apprise is needed but missing."""
    from advisor.notices.senders import senders
    from telemetry.settings.notices import minutes_of_day, urls

    text = settings.notify_urls
    return senders(
        urls(text.reveal()) if text else (),
        settings.notify_command,
        page=settings.http_public_url,
        quiet=tuple(map(minutes_of_day, settings.notify_quiet_hours)),
    )


def notices(settings: Settings) -> "Notices | None":
    """Return the part that sends notices, or None if no target is set.

    Raises SettingsError if Apprise is needed but missing.
    """
    targets = senders(settings)
    if not targets:
        return None
    from advisor.notices.model import Rules
    from advisor.notices.notices import Notices

    return Notices(
        targets,
        Rules(settings.notify_severity, settings.notify_runs),
        settings.data_dir / "notices.sqlite3",
        settings.broker,
        settings.topics,
        name=settings.host_name,
    )


def subscription(settings: Settings) -> "Subscription":
    """Return the subscription to the live values of all hosts."""
    from api.live.subscription import Subscription

    return Subscription(settings.broker, settings.topics, settings.host_name, settings.limits)


def metrics_server(
    settings: Settings,
    *reporters: "Reporter",
    readings: "Callable[[], HostReadings] | None" = None,
) -> "Sequence[MetricsServer]":
    """Return the metrics server as a sequence, which is empty if ``metrics_port`` is 0."""
    if settings.metrics_port == 0:
        return ()
    return (MetricsServer(settings.metrics_port, reporters, readings),)


def data_folder(settings: Settings, broker: EmbeddedBroker | None = None) -> DataFolder | None:
    """Return the folder of the embedded history and the broker's queues, or None.

    The result is None if neither needs the folder: the history is in InfluxDB, and the broker is
    either external (``broker`` is None) or keeps its messages only in memory.
    """
    used = settings.influxdb_url is None or (broker is not None and broker.keeps_messages)
    return DataFolder(settings.data_dir) if used else None


def embedded_broker(settings: Settings) -> EmbeddedBroker | None:
    """Return the embedded broker, or None if the settings name an external one.

    Raises SettingsError if the settings require a Mosquitto version that this machine lacks.
    """
    if settings.mqtt_url is not None:
        return None
    user, password = settings.mqtt_user, settings.mqtt_password
    login = (user, password.reveal()) if user and password else None
    program = _broker_program(settings)
    return EmbeddedBroker(
        settings.mqtt_host,
        settings.mqtt_port,
        login=login,
        program=program,
        mqtt5_port=_mqtt5_port(settings, program),
        websocket_port=_websocket_port(settings, program),
    )


def _mqtt5_port(settings: Settings, program: BrokerProgram) -> int:
    if settings.mqtt5_port is None and program.one_port:
        return settings.mqtt_port
    return _usual_port(settings, MQTT5_PORT) if settings.mqtt5_port is None else settings.mqtt5_port


def _websocket_port(settings: Settings, program: BrokerProgram) -> int:
    if settings.mqtt_websocket_port is None:
        return _usual_port(settings, WEBSOCKET_PORT) if program.websockets else 0
    if settings.mqtt_websocket_port and not program.websockets:
        raise SettingsError(
            f"mqtt_websocket_port is set, but the embedded broker ({program.description}) cannot "
            "serve MQTT over WebSocket: install Mosquitto 2.0.12 or newer with WebSocket support, "
            "or set embedded_broker to bundled."
        )
    return settings.mqtt_websocket_port


def _usual_port(settings: Settings, port: int) -> int:
    """Return ``port``, or the next higher port that the settings do not use for anything else."""
    given = {settings.http_port, settings.mqtt_port, settings.mqtt5_port}
    given.add(settings.mqtt_websocket_port)
    return next(each for each in count(port) if each not in given)


def _broker_program(settings: Settings) -> BrokerProgram:
    mosquitto = None
    if settings.embedded_broker != BUNDLED:
        mosquitto = broker_mosquitto.find(settings.data_dir / "broker")
    if mosquitto is None and settings.embedded_broker == MOSQUITTO:
        raise SettingsError(
            "embedded_broker is set to mosquitto, which needs Linux and Mosquitto 2: install "
            "Mosquitto 2 (`apt install mosquitto`), or choose auto or bundled."
        )
    return mosquitto or Rumqttd()
