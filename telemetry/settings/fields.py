"""The fields of the settings. The help and the documentation show their descriptions."""

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
        description="Thresholds of findings to change from their defaults, separated by commas, "
        "such as `idle_gpu.minutes=30`. docs/findings.md lists all thresholds.",
    )
    automatic_runs: bool = Field(
        True,  # noqa: FBT003 - a field's default
        description="Whether the collector publishes each process that holds GPU memory for a "
        "minute as a run, and tracks all other runs of this machine (Linux only).",
    )
    history_hours: Number = Field(
        1.0, ge=0.01, le=24, description="For how many hours the history keeps samples."
    )
    history_days: Number = Field(
        7.0,
        ge=0,
        le=365,
        description="For how many days the history keeps events and one-minute points; 0: it keeps "
        "no one-minute points, and it keeps events for `history_hours`.",
    )
    history_megabytes: Number = Field(
        1000.0,
        ge=64,
        le=100_000,
        description="Largest size of the embedded history in megabytes. When the history reaches "
        "it, the oldest samples and one-minute points are deleted early.",
    )
    host_name: HostName = Field(
        default_factory=gethostname,
        description="Host name in this machine's samples; default: the host name of the machine.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    http_token: AccessToken | None = Field(
        None,
        description="Token that REST, WebSocket and the dashboard require; unset: anyone who can "
        "reach the port has access.",
    )
    http_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Let the API listen on addresses other than loopback without an `http_token`.",
    )
    http_read_only: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Reject requests that write data, such as the POST of an annotation.",
    )
    http_allowed_origins: Origins = Field(
        (),
        description="Origins, such as `https://monitor.example`, at which a proxy serves the API, "
        "or whose pages may read the API; separated by commas.",
    )
    http_public_url: PublicUrl | None = Field(
        None,
        description="URL at which people open the dashboard, such as `https://monitor.example`; "
        "notices contain links to the dashboard.",
    )
    notify_urls: NotifyUrls | None = Field(
        None,
        description="Where to send notices: Apprise URLs, such as `ntfys://ntfy.sh/topic`, "
        "separated by spaces or line breaks.",
    )
    notify_command: NotifyCommand = Field(
        (),
        description="Program to run for each notice, with its arguments. It receives the finding "
        "or run as JSON on standard input; no shell is involved.",
    )
    notify_severity: NotifySeverity = Field(
        "warning",
        description="Lowest severity of a finding that causes a notice: `info`, `warning` or "
        "`critical`.",
    )
    notify_runs: NotifyRuns = Field(
        "all", description="Ended runs that cause a notice: `all`, `failed` or `none`."
    )
    notify_quiet_hours: QuietHours = Field(
        (),
        description="Ranges of local time, separated by commas, such as `22:00-07:00`, during "
        "which only critical findings are sent to `notify_urls`; all other notices are sent "
        "afterwards.",
    )
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt5_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT 5; 0: none; unset: `mqtt_port` "
        "with Mosquitto, otherwise 1884, or a free port if 1884 is in use.",
    )
    mqtt_websocket_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT over WebSocket; 0: none; unset: "
        "9001, or a free port if 9001 is in use.",
    )
    embedded_broker: EmbeddedBrokerChoice = Field(
        "auto",
        description="Program that `up` runs as its broker: `mosquitto`, version 2, whose queues "
        "are on disk; `bundled`, whose queues are in memory; or `auto`, which means "
        "`mosquitto` if Mosquitto is installed, otherwise `bundled`.",
    )
    mqtt_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Let the embedded broker listen on addresses other than loopback without an "
        "`mqtt_user`.",
    )
    mqtt_url: BrokerUrl | None = Field(
        None,
        description="External broker, `mqtt://user:password@host:1883` or `mqtts://…`; "
        "unset: the embedded broker.",
    )
    mqtt_user: Text | None = Field(
        None,
        description="User name for the broker, if `mqtt_url` contains none. If it is set, the "
        "embedded broker rejects clients that do not use this name.",
    )
    mqtt_password: Password | None = Field(
        None, description="Password for the broker, if `mqtt_url` contains none."
    )
    mqtt_ca_file: File | None = Field(
        None,
        description="CA certificates (PEM) with which to verify an `mqtts://` broker, instead of "
        "the system's CA certificates.",
    )
    mqtt_certificate_file: File | None = Field(
        None, description="Client certificate (PEM) for an `mqtts://` broker."
    )
    mqtt_key_file: File | None = Field(
        None,
        description="Private key (PEM, without a passphrase) of the client certificate; not needed "
        "if the certificate's file contains the key.",
    )
    topic_prefix: TopicPrefix = Field(
        "", description="Prefix of each topic; may contain `{host}`, as in `fleet/{host}`."
    )
    ingester_group: Identifier | None = Field(
        None,
        description="Group of this ingester; the ingesters of a group share the samples among "
        "themselves (an MQTT shared subscription).",
    )
    ingester_name: Identifier | None = Field(
        None,
        description="Name of this ingester's session at the broker; default: the host name.",
    )
    data_dir: Folder = Field(
        default_factory=lambda: platformdirs.user_data_path(APPLICATION),
        description="Folder for the embedded history, the embedded broker's queues, and the "
        "recordings of failed runs.",
    )
    max_hosts: Count = Field(
        Limits.hosts,
        description="Largest number of hosts that the ingester, the advisor and the API track at "
        "once. When it is reached, the ingester and the API evict, for each new host, the host "
        "that has been silent the longest, but only a host that has been silent for at least two "
        "minutes.",
    )
    max_channels: Count = Field(
        Limits.channels,
        description="Largest number of channels of one host that the ingester, the advisor and the "
        "API track at once.",
    )
    max_devices: Count = Field(
        Limits.devices,
        description="Largest number of disks, and of network interfaces, of one host that the "
        "ingester tracks at once.",
    )
    influxdb_url: InfluxdbUrl | None = Field(
        None,
        description="URL of an InfluxDB 2.x server that stores the history, such as "
        "`http://localhost:8086`; unset: the embedded history.",
    )
    influxdb_token: InfluxdbToken | None = Field(None, description="InfluxDB API token.")
    influxdb_org: Text | None = Field(None, description="InfluxDB organization.")
    influxdb_bucket: Text = Field(
        "system-monitor",
        description="InfluxDB bucket; created if missing. A bucket that another program created is "
        "not changed, but must keep data for at least `history_hours`.",
    )
    log_level: LogLevel = Field(
        "warning", description="Lowest level that is logged (to standard error)."
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
        description="Port on 127.0.0.1 for Prometheus, at which `collector` serves its readings "
        "and counters, and `ingester` and `advisor` serve their counters; 0: none. `up` and `api` "
        "do not need it: they serve `/metrics` at `http_port`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secret_files.resolved(given, cls.secrets())

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the settings that are never shown and that can be read from a file."""
        fields = cls.model_fields.items()
        return tuple(name for name, field in fields if "Secret" in str(field.annotation))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all settings, including those that name a file with a secret."""
        return (*cls.model_fields, *map(secret_files.file_setting, cls.secrets()))
