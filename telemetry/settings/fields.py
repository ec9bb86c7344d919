"""The fields of the settings; their descriptions become the help and the documentation."""

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
        description="Thresholds of findings that differ from their defaults, separated by commas, "
        "such as `idle_gpu.minutes=30`. docs/findings.md lists them.",
    )
    automatic_runs: bool = Field(
        True,  # noqa: FBT003 - a field's default
        description="Publish each process that holds GPU memory for a minute as a run, and follow "
        "all other runs of this machine (Linux).",
    )
    history_hours: Number = Field(
        1.0, ge=0.01, le=24, description="How many hours of samples the history keeps."
    )
    history_days: Number = Field(
        7.0,
        ge=0,
        le=365,
        description="How many days the history keeps events and one-minute points; 0: no "
        "one-minute points, and events for `history_hours`.",
    )
    history_megabytes: Number = Field(
        1000.0,
        ge=64,
        le=100_000,
        description="Largest size of the embedded history in megabytes; beyond it, the oldest "
        "samples and one-minute points are deleted early.",
    )
    host_name: HostName = Field(
        default_factory=gethostname,
        description="Host name in this machine's samples; default: the machine's own.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    http_token: AccessToken | None = Field(
        None,
        description="Token that REST, WebSocket and the dashboard require; unset: anyone who can "
        "reach the port can read.",
    )
    http_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Listen on addresses other than loopback without an `http_token`.",
    )
    http_read_only: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Reject requests that write, such as the POST of an annotation.",
    )
    http_allowed_origins: Origins = Field(
        (),
        description="Origins, separated by commas, at which a proxy serves the API or whose pages "
        "may read it, such as `https://monitor.example`.",
    )
    http_public_url: PublicUrl | None = Field(
        None,
        description="URL at which people open the dashboard, such as `https://monitor.example`; "
        "notices link to it.",
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
        description="Lowest severity of the findings to send: `info`, `warning` or `critical`.",
    )
    notify_runs: NotifyRuns = Field(
        "all", description="Ended runs to send: `all`, `failed` or `none`."
    )
    notify_quiet_hours: QuietHours = Field(
        (),
        description="Ranges of local time, separated by commas, such as `22:00-07:00`, during "
        "which only critical findings are sent to `notify_urls`; the others are sent afterwards.",
    )
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt5_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT 5; 0: none; unset: `mqtt_port` "
        "with Mosquitto, else 1884, or a free one if 1884 is in use.",
    )
    mqtt_websocket_port: ChosenPort = Field(
        None,
        description="Port on which the embedded broker serves MQTT over WebSocket; 0: none; unset: "
        "9001, or a free one if 9001 is in use.",
    )
    embedded_broker: EmbeddedBrokerChoice = Field(
        "auto",
        description="Program that `up` runs as its broker: `mosquitto`, version 2, whose queues "
        "are on disk; `bundled`, whose queues are in memory; or `auto`, which is `mosquitto` if it "
        "is installed, else `bundled`.",
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
        "embedded broker rejects clients without it.",
    )
    mqtt_password: Password | None = Field(
        None, description="Password for the broker, if `mqtt_url` contains none."
    )
    mqtt_ca_file: File | None = Field(
        None,
        description="CA certificates (PEM) to verify an `mqtts://` broker with, instead of the "
        "system's.",
    )
    mqtt_certificate_file: File | None = Field(
        None, description="Client certificate (PEM) for an `mqtts://` broker."
    )
    mqtt_key_file: File | None = Field(
        None,
        description="Private key (PEM) of the client certificate, without a passphrase, unless the "
        "certificate's file contains it.",
    )
    topic_prefix: TopicPrefix = Field(
        "", description="Prefix of each topic; may contain `{host}`, as in `fleet/{host}`."
    )
    ingester_group: Identifier | None = Field(
        None,
        description="Ingesters in the same group share the samples (an MQTT shared subscription).",
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
        description="How many hosts the ingester, the advisor and the API know at once. In the "
        "ingester and the API, a new host then evicts the one that has been silent the longest, if "
        "that is two minutes or more.",
    )
    max_channels: Count = Field(
        Limits.channels,
        description="How many channels of one host the ingester, the advisor and the API know at "
        "once.",
    )
    max_devices: Count = Field(
        Limits.devices,
        description="How many disks or network interfaces of one host the ingester knows at once.",
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
        description="InfluxDB bucket; created if missing. A bucket that another program created "
        "must keep data for at least `history_hours`, and is not changed.",
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
        description="Port on 127.0.0.1 at which `collector` serves its readings and counters, or "
        "`ingester` or `advisor` its counters, to Prometheus; 0: none. `up` and `api` serve them "
        "at `/metrics`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secret_files.resolved(given, cls.secrets())

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the settings that are never shown and that can be read from a file."""
        fields = cls.model_fields.items()
        return tuple(name for name, field in fields if "SecretStr" in str(field.annotation))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all settings, including those that name a file with a secret."""
        return (*cls.model_fields, *map(secret_files.file_setting, cls.secrets()))
