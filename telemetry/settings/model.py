"""The settings and what is allowed; their descriptions make the help and the documentation."""

from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from typing import Annotated, Any

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from telemetry.bus import BrokerAddress
from telemetry.settings import values
from telemetry.settings.sources import APPLICATION, ENVIRONMENT_PREFIX, config_file
from telemetry.topics import TopicScheme

MASK = "********"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a user may listen on


def reachable(host: str) -> str:
    """Return the address by which a client on this machine reaches what listens on ``host``."""
    return _ANY_ADDRESS.get(host, host)


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic takes no TypeError
    return value


def _in_secret(check: Callable[[str], object]) -> Callable[[SecretStr], SecretStr]:
    def checked(secret: SecretStr) -> SecretStr:
        value = check(secret.get_secret_value())
        return SecretStr(value) if isinstance(value, str) else secret

    return checked


Number = Annotated[float, BeforeValidator(_no_truth_value)]
Port = Annotated[int, BeforeValidator(_no_truth_value), Field(ge=1, le=65535)]
Host = Annotated[str, AfterValidator(values.listening_host)]
Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(values.require_text)]


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
    history_hours: Number = Field(
        1.0, ge=0.01, le=24, description="How many hours the history keeps."
    )
    host_name: Annotated[Text, AfterValidator(values.host_name)] = Field(
        default_factory=gethostname,
        description="The name that this machine's samples carry; default: its host name.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt_url: Annotated[SecretStr, AfterValidator(_in_secret(values.broker_url))] | None = Field(
        None,
        description="An external broker, `mqtt://user:password@host:1883` or `mqtts://…`; "
        "unset: the embedded one.",
    )
    topic_prefix: Annotated[str, AfterValidator(values.topic_prefix)] = Field(
        "",
        max_length=255,
        description="Put before each topic; may hold `{host}`, as in `fleet/{host}`.",
    )
    ingester_group: Annotated[str, AfterValidator(values.identifier)] | None = Field(
        None,
        description="Ingesters with the same group share the samples among them "
        "(an MQTT shared subscription).",
    )
    ingester_name: Annotated[str, AfterValidator(values.identifier)] | None = Field(
        None,
        description="Names this ingester's session at the broker; default: the host name.",
    )
    data_dir: Annotated[
        Path, BeforeValidator(values.require_path), AfterValidator(values.folder)
    ] = Field(
        default_factory=lambda: platformdirs.user_data_path(APPLICATION),
        description="Folder of the embedded history.",
    )
    influxdb_url: Annotated[str, AfterValidator(values.influxdb_url)] | None = Field(
        None,
        description="An InfluxDB 2.x, such as `http://localhost:8086`; set: it holds the history.",
    )
    influxdb_token: Annotated[SecretStr, AfterValidator(_in_secret(values.token))] | None = Field(
        None, description="InfluxDB's API token."
    )
    influxdb_org: Text | None = Field(None, description="InfluxDB's organization.")
    influxdb_bucket: Text = Field(
        "system-monitor", description="InfluxDB's bucket; created when missing."
    )
    log_level: Annotated[str, AfterValidator(values.log_level)] = Field(
        "warning", description="How much is logged, on standard error."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "Settings":
        if self.influxdb_url is not None:
            for name in ("influxdb_token", "influxdb_org"):
                if getattr(self, name) is None:
                    raise ValueError(f"influxdb_url is set, so {name} must be set too")
        embedded = self.mqtt_url is None
        if embedded and (self.http_host, self.http_port) == (self.mqtt_host, self.mqtt_port):
            raise ValueError(
                f"http_port and mqtt_port are both {self.http_port}, and each needs its own"
            )
        return self

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
        file = TomlConfigSettingsSource(settings_cls, config_file())
        return init_settings, env_settings, file

    @property
    def broker(self) -> BrokerAddress:
        """The broker to connect to: the external one, or the embedded one of this machine."""
        if self.mqtt_url is not None:
            return values.broker_url(self.mqtt_url.get_secret_value())
        return BrokerAddress(reachable(self.mqtt_host), self.mqtt_port)

    @property
    def topics(self) -> TopicScheme:
        """How channels become topics."""
        return TopicScheme(self.topic_prefix)

    @property
    def window(self) -> int:
        """The milliseconds of history that are kept."""
        return round(self.history_hours * 3_600_000)

    def masked(self) -> dict[str, str]:
        """Return each setting as text, secrets masked."""
        shown = {name: _shown(value) for name, value in self}
        if self.mqtt_url is not None:
            shown["mqtt_url"] = self.broker.masked()
        return shown


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever a setting may be
    if value is None or value == "":
        return "(unset)"
    return MASK if isinstance(value, SecretStr) else str(value)
