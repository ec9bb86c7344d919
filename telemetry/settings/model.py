"""The settings and what is allowed; their descriptions make the help and the documentation."""

from dataclasses import replace
from socket import gethostname
from typing import Any

import platformdirs
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from telemetry.bus.address import BrokerAddress
from telemetry.bus.tls import TlsFiles
from telemetry.bus.topics import TopicScheme
from telemetry.history.window import Spans
from telemetry.settings import secret_files, values
from telemetry.settings.kinds import (
    AccessToken,
    BrokerUrl,
    File,
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
    TopicPrefix,
)
from telemetry.settings.sources import APPLICATION, ENVIRONMENT_PREFIX, config_file

MASK = "********"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a user may listen on


def reachable(host: str) -> str:
    """Return the address by which a client on this machine reaches what listens on ``host``."""
    return _ANY_ADDRESS.get(host, host)


class Settings(BaseSettings):
    """The effective settings. Build them with ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    interval_seconds: Number = Field(2.0, ge=0.1, le=60, description="Seconds between two samples.")
    disabled_sensors: Sensors = Field(
        (),
        description="Sensors that are off, separated by commas: one or more of "
        f"{', '.join(f'`{name}`' for name in values.SENSORS)}.",
    )
    history_hours: Number = Field(
        1.0, ge=0.01, le=24, description="How many hours the history keeps."
    )
    history_days: Number = Field(
        7.0, ge=1, le=365, description="How many days the history keeps events."
    )
    host_name: HostName = Field(
        default_factory=gethostname,
        description="The name that this machine's samples carry; default: its host name.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    http_token: AccessToken | None = Field(
        None,
        description="What REST, WebSocket and the page ask for; unset: everybody who reaches the "
        "port may read.",
    )
    http_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Listen beyond loopback although there is no `http_token`.",
    )
    http_read_only: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Refuse requests that write, such as the POST of an annotation.",
    )
    http_allowed_origins: Origins = Field(
        (),
        description="Origins such as `https://monitor.example` under which a proxy serves the API, "
        "or whose pages may read it; with commas between them.",
    )
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt_allow_anonymous: bool = Field(
        False,  # noqa: FBT003 - a field's default
        description="Let the embedded broker listen beyond loopback although there is no "
        "`mqtt_user`.",
    )
    mqtt_url: BrokerUrl | None = Field(
        None,
        description="An external broker, `mqtt://user:password@host:1883` or `mqtts://…`; "
        "unset: the embedded one.",
    )
    mqtt_user: Text | None = Field(
        None,
        description="User name at the broker, where `mqtt_url` holds none; the embedded one then "
        "lets nobody else in.",
    )
    mqtt_password: Password | None = Field(
        None, description="Password at the broker, where `mqtt_url` holds none."
    )
    mqtt_ca_file: File | None = Field(
        None,
        description="Certificates (PEM) of who may vouch for an `mqtts://` broker, instead of the "
        "system's.",
    )
    mqtt_certificate_file: File | None = Field(
        None, description="This client's certificate (PEM) for an `mqtts://` broker."
    )
    mqtt_key_file: File | None = Field(
        None, description="Its key, without a passphrase, unless the certificate's file holds it."
    )
    topic_prefix: TopicPrefix = Field(
        "", description="Put before each topic; may hold `{host}`, as in `fleet/{host}`."
    )
    ingester_group: Identifier | None = Field(
        None,
        description="Ingesters with the same group share the samples among them "
        "(an MQTT shared subscription).",
    )
    ingester_name: Identifier | None = Field(
        None,
        description="Names this ingester's session at the broker; default: the host name.",
    )
    data_dir: Folder = Field(
        default_factory=lambda: platformdirs.user_data_path(APPLICATION),
        description="Folder of the embedded history.",
    )
    influxdb_url: InfluxdbUrl | None = Field(
        None,
        description="An InfluxDB 2.x, such as `http://localhost:8086`; set: it holds the history.",
    )
    influxdb_token: InfluxdbToken | None = Field(None, description="InfluxDB's API token.")
    influxdb_org: Text | None = Field(None, description="InfluxDB's organization.")
    influxdb_bucket: Text = Field(
        "system-monitor", description="InfluxDB's bucket; created when missing."
    )
    log_level: LogLevel = Field("warning", description="How much is logged, on standard error.")
    log_format: LogFormat = Field(
        "plain", description="How: `plain` lines, or `json` objects for a log collector."
    )
    metrics_port: PortOrNone = Field(
        0,
        description="Port of 127.0.0.1 where a collector or an ingester on its own serves its "
        "counters to Prometheus; 0: none. `up` and `api` serve them at `/metrics`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secret_files.resolved(given, cls.secrets())

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the settings that are never shown, and that a file may hold."""
        fields = cls.model_fields.items()
        return tuple(name for name, field in fields if "SecretStr" in str(field.annotation))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - fixed by pydantic-settings
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read options, then the environment, then the TOML file."""
        named = secret_files.from_environment(cls.secrets())
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, named),
            TomlConfigSettingsSource(settings_cls, config_file()),
        )

    @property
    def broker(self) -> BrokerAddress:
        """The broker to connect to: the external one, or the embedded one of this machine."""
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
        """The milliseconds of history that are kept."""
        return round(self.history_hours * 3_600_000)

    @property
    def spans(self) -> Spans:
        """How long the history keeps what it stores."""
        return Spans(self.window, round(self.history_days * 86_400_000))

    def masked(self) -> dict[str, str]:
        """Return each setting as text, secrets masked."""
        shown = {name: _shown(value) for name, value in self}
        if self.mqtt_url is not None:
            url = values.broker_url(self.mqtt_url.get_secret_value())
            shown["mqtt_url"] = url.masked()
        return shown


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever a setting may be
    if value in (None, "", ()):
        return "(unset)"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)
