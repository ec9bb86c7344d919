"""All settings as fields of a model. The help and the documentation show their descriptions."""

from socket import gethostname
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemetry.catalogue.thresholds import THRESHOLDS
from telemetry.limits import Limits
from telemetry.settings import secret_files, values
from telemetry.settings.kinds import (
    AccessToken,
    BrokerUrl,
    ChosenPort,
    Count,
    EmbeddedBrokerChoice,
    File,
    Findings,
    Folder,
    Host,
    HostName,
    Identifier,
    InfluxdbToken,
    InfluxdbUrl,
    LogFormat,
    LogLevel,
    NotifyCommand,
    NotifyRuns,
    NotifySeverity,
    NotifyUrls,
    Number,
    Origins,
    Password,
    Port,
    PortOrNone,
    PublicUrl,
    QuietHours,
    Sensors,
    Text,
    Thresholds,
    TopicPrefix,
)
from telemetry.settings.sources import APPLICATION
from telemetry.status import LONGEST_INTERVAL


class SettingFields(BaseModel):
    """All settings."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )

    interval_seconds: Number = Field(
        2.0, ge=0.1, le=LONGEST_INTERVAL, description="Seconds between two samples."
    )
    disabled_sensors: Sensors = Field(
        (),
        description="Sensors to disable, separated by commas: one or more of "
        f"{', '.join(f'`{name}`' for name in values.SENSORS)}.",
    )
    advisor: bool = Field(
        True,  # noqa: FBT003 - a field's default
        description="Whether `up` also runs the advisor, which publishes findings.",
    )
    disabled_findings: Findings = Field(
        (),
        description="Kinds of findings to disable, separated by commas: one or more of "
        f"{', '.join(f'`{kind}`' for kind in THRESHOLDS)}.",
    )
    finding_thresholds: Thresholds = Field(
        (),
        description="Thresholds of findings, such as `idle_gpu.minutes=30`, separated by commas. "
        "All other thresholds keep their defaults. docs/detectors.md lists all thresholds.",
    )
    automatic_runs: bool = Field(
        True,  # noqa: FBT003 - a field's default
        description="Whether the collector tracks the runs of this machine, and publishes a run "
        "for each job that holds GPU memory for more than a minute (Linux only).",
    )
    history_hours: Number = Field(
        1.0, ge=0.01, le=24, description="For how many hours the history keeps samples."
    )
    history_days: Number = Field(
        7.0,
        ge=0,
        le=365,
        description="For how many days the history keeps events and one-minute points. With 0, it "
        "keeps no one-minute points, and keeps events for only `history_hours`.",
    )
    history_megabytes: Number = Field(
        1000.0,
        ge=64,
        le=100_000,
        description="Largest size of the embedded history in megabytes. When the history reaches "
        "this size, the oldest samples and one-minute points are deleted early. If events take "
        "more than half of this size, the oldest events are deleted instead.",
    )
    host_name: HostName = Field(
        default_factory=gethostname,
        description="Host name in this machine's samples; default: the host name of the machine.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    http_token: AccessToken | None = Field(
        None,
        description="Token that the REST API, the WebSocket and the dashboard require. If it is "
        "unset, anyone who can reach the port has access.",
    )
    http_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Let the API listen on addresses other than loopback even if `http_token` is "
        "unset.",
    )
    http_read_only: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Reject requests that write data, such as the POST of an annotation.",
    )
    http_allowed_origins: Origins = Field(
        (),
        description="Origins, such as `https://monitor.example`, separated by commas. List each "
        "origin at which a proxy serves the API, and each origin whose web pages may read the API.",
    )
    http_public_url: PublicUrl | None = Field(
        None,
        description="URL at which users open the dashboard, such as `https://monitor.example`. If "
        "it is set, the notices that are sent to `notify_urls` contain a link to the dashboard.",
    )
    notify_urls: NotifyUrls | None = Field(
        None,
        description="Where to send notices: Apprise URLs, such as `ntfys://ntfy.sh/topic`, "
        "separated by spaces or line breaks.",
    )
    notify_command: NotifyCommand = Field(
        (),
        description="Command to run for each notice: a program and its arguments. The program is "
        "started without a shell, and receives the finding or run as JSON on standard input.",
    )
    notify_severity: NotifySeverity = Field(
        "warning",
        description="Findings of this severity or higher cause a notice: `info`, `warning` or "
        "`critical`.",
    )
    notify_runs: NotifyRuns = Field(
        "all", description="Which runs cause a notice when they end: `all`, `failed` or `none`."
    )
    notify_quiet_hours: QuietHours = Field(
        (),
        description="Quiet hours in local time, such as `22:00-07:00`; several ranges are "
        "separated by commas. During quiet hours, only critical findings are sent to "
        "`notify_urls`. All other notices are sent afterwards.",
    )
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt5_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT 5; 0: no separate port. If the "
        "setting is unset, Mosquitto uses `mqtt_port`, and the bundled broker uses 1884, or a free "
        "port if 1884 is in use.",
    )
    mqtt_websocket_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT over WebSocket; 0: no port. If "
        "the setting is unset, the broker uses 9001, or a free port if 9001 is in use. A Mosquitto "
        "without WebSocket support has no such port.",
    )
    embedded_broker: EmbeddedBrokerChoice = Field(
        "auto",
        description="Program that `up` runs as its broker. `mosquitto` (version 2, Linux only) "
        "keeps its queues on disk; `bundled` keeps its queues in memory. `auto` means `mosquitto` "
        "on Linux if Mosquitto 2 is installed, otherwise `bundled`.",
    )
    mqtt_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Let the embedded broker listen on addresses other than loopback even if "
        "`mqtt_user` is unset.",
    )
    mqtt_url: BrokerUrl | None = Field(
        None,
        description="URL of an external broker, such as `mqtt://user:password@host:1883` or "
        "`mqtts://…`; unset: the embedded broker is used.",
    )
    mqtt_user: Text | None = Field(
        None,
        description="User name for the broker, if `mqtt_url` contains none. If the setting is set, "
        "the embedded broker accepts only clients that use this name and `mqtt_password`.",
    )
    mqtt_password: Password | None = Field(
        None, description="Password for the broker, if `mqtt_url` contains none."
    )
    mqtt_ca_file: File | None = Field(
        None,
        description="File with the CA certificates (PEM) that verify an `mqtts://` broker. They "
        "replace the system's CA certificates.",
    )
    mqtt_certificate_file: File | None = Field(
        None, description="File with the client certificate (PEM) for an `mqtts://` broker."
    )
    mqtt_key_file: File | None = Field(
        None,
        description="File with the private key (PEM, without a passphrase) of the client "
        "certificate; not needed if `mqtt_certificate_file` also contains the key.",
    )
    topic_prefix: TopicPrefix = Field(
        "",
        description="Prefix of each topic, such as `fleet/{host}`, where `{host}` stands for the "
        "host name.",
    )
    ingester_group: Identifier | None = Field(
        None,
        description="Group of this ingester. The broker delivers each message to only one ingester "
        "of a group (an MQTT shared subscription).",
    )
    ingester_name: Identifier | None = Field(
        None,
        description="Name of this ingester's session at the broker; default: the host name.",
    )
    data_dir: Folder = Field(
        default_factory=lambda: platformdirs.user_data_path(APPLICATION),
        description="Folder for the embedded history, the embedded broker's queues, recordings of "
        "runs, and the list of sent and waiting notices.",
    )
    max_hosts: Count = Field(
        Limits.hosts,
        description="Largest number of hosts that the ingester, the advisor and the API each track "
        "at once. To make room for a new host, the ingester and the API evict the host that has "
        "been silent the longest. If no host has been silent for two minutes, they reject the new "
        "host. The advisor ignores new hosts while it has no room; it forgets a host after a day "
        "of silence.",
    )
    max_channels: Count = Field(
        Limits.channels,
        description="Largest number of channels per host that the ingester, the advisor and the "
        "API each track at once.",
    )
    max_devices: Count = Field(
        Limits.devices,
        description="Largest number of devices per channel that the ingester tracks at once. The "
        "devices are, for example, the network interfaces of a host, or its disks and mount "
        "points.",
    )
    influxdb_url: InfluxdbUrl | None = Field(
        None,
        description="URL of an InfluxDB 2.x server that stores the history, such as "
        "`http://localhost:8086`; unset: the embedded history is used.",
    )
    influxdb_token: InfluxdbToken | None = Field(None, description="InfluxDB API token.")
    influxdb_org: Text | None = Field(None, description="InfluxDB organization.")
    influxdb_bucket: Text = Field(
        "system-monitor",
        description="InfluxDB bucket for samples; created if missing. A bucket that another "
        "program created is not changed, but must keep data for at least `history_hours`.",
    )
    log_level: LogLevel = Field(
        "warning",
        description="Lowest level of the messages that are logged to standard error: `debug`, "
        "`info`, `warning` or `error`.",
    )
    log_format: LogFormat = Field(
        "plain", description="Log format: `plain` lines, or `json` objects for a log collector."
    )
    home_assistant_discovery: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Announce this machine and its GPUs to Home Assistant through the broker.",
    )
    metrics_port: PortOrNone = Field(
        0,
        description="Port on 127.0.0.1 at which Prometheus can read the counters of `collector`, "
        "`ingester` or `advisor`, and the readings of `collector`; 0: no port. `up` and `api` do "
        "not need this port, because they serve `/metrics` at `http_port`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secret_files.resolved(given, cls.secrets())

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the names of the settings whose values are secret, such as ``http_token``."""
        fields = cls.model_fields.items()
        return tuple(name for name, field in fields if "Secret" in str(field.annotation))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all settings, including file settings such as ``http_token_file``."""
        return (*cls.model_fields, *map(secret_files.file_setting, cls.secrets()))
