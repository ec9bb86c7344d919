"""The settings. The help and the documentation are generated from the settings' descriptions."""

from dataclasses import replace
from socket import gethostname
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from telemetry.bus.address import BrokerAddress
from telemetry.bus.tls import TlsFiles
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue.thresholds import THRESHOLDS
from telemetry.history.window import Spans
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
    Number,
    Origins,
    Password,
    Port,
    PortOrNone,
    Sensors,
    Text,
    Thresholds,
    TopicPrefix,
)
from telemetry.settings.sources import APPLICATION
from telemetry.status import LONGEST_INTERVAL

MASK = "********"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a user may listen on these


def reachable(host: str) -> str:
    """Return the address at which a client on this machine reaches a server on ``host``."""
    return _ANY_ADDRESS.get(host, host)


class Settings(BaseModel):
    """The effective settings. Create the settings with ``load_settings``."""

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
        "the other runs of this machine (Linux).",
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
        """Return the names of all settings, and of those that name a secret's file."""
        return (*cls.model_fields, *map(secret_files.file_setting, cls.secrets()))

    @property
    def broker(self) -> BrokerAddress:
        """The broker to connect to: the external one, or the embedded one on this machine."""
        if self.mqtt_url is None:
            address = BrokerAddress(reachable(self.mqtt_host), self.mqtt_port)
        else:
            address = values.broker_url(self.mqtt_url.get_secret_value())
        password = self.mqtt_password.get_secret_value() if self.mqtt_password else None
        return replace(
            address,
            username=self.mqtt_user if address.username is None else address.username,
            password=password if address.password is None else address.password,
            tls_files=TlsFiles(self.mqtt_ca_file, self.mqtt_certificate_file, self.mqtt_key_file),
        )

    @property
    def topics(self) -> TopicScheme:
        """How channels become topics."""
        return TopicScheme(self.topic_prefix)

    @property
    def window(self) -> int:
        """The retention of samples in the history, in milliseconds."""
        return round(self.history_hours * 3_600_000)

    @property
    def spans(self) -> Spans:
        """The retention of samples, events and minutes in the history."""
        days = round(self.history_days * 86_400_000)
        return Spans(self.window, max(self.window, days), days)

    @property
    def changed_thresholds(self) -> dict[str, dict[str, float]]:
        """The thresholds that differ from their defaults, by kind of finding and by name."""
        changed: dict[str, dict[str, float]] = {}
        for each in self.finding_thresholds:
            name, _, number = each.partition("=")
            kind, _, of_kind = name.partition(".")
            changed.setdefault(kind, {})[of_kind] = float(number)
        return changed

    @property
    def limits(self) -> Limits:
        """How many names that come from the bus are known at once."""
        return Limits(self.max_hosts, self.max_channels, self.max_devices)

    @property
    def history_bytes(self) -> int:
        """The largest size of the embedded history."""
        return round(self.history_megabytes * 1_000_000)

    def masked(self) -> dict[str, str]:
        """Return each setting as text, with secrets masked."""
        shown = {name: _shown(value) for name, value in self}
        if self.mqtt_url is not None:
            url = values.broker_url(self.mqtt_url.get_secret_value())
            shown["mqtt_url"] = url.masked()
        return shown


def _shown(value: Any) -> str:  # noqa: ANN401 - the value of any setting
    if value in (None, "", ()):
        return "(unset)"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)
