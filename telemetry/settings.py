"""Every setting, where it may come from, and what is allowed.

The strongest source first: command-line options, environment variables with the prefix
``SYSTEM_MONITOR_``, the TOML file, the defaults.
"""

import os
import re
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from telemetry.bus import BrokerAddress
from telemetry.errors import SettingsError
from telemetry.topics import TopicScheme

ENVIRONMENT_PREFIX = "SYSTEM_MONITOR_"
CONFIG_FILE_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG_FILE"
_APPLICATION = "system-monitor"
_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_MASK = "********"

Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(min_length=1, max_length=255)]


def default_config_file() -> Path:
    """Return where the TOML file is looked for when none is named."""
    return platformdirs.user_config_path(_APPLICATION) / "config.toml"


class Settings(BaseSettings):
    """The effective settings. Build them with ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    interval_seconds: float = Field(2.0, ge=0.1, le=60, description="Seconds between two samples.")
    history_hours: float = Field(1.0, gt=0, le=24, description="How many hours the history keeps.")
    host_name: str = Field(
        default_factory=socket.gethostname,
        min_length=1,
        max_length=255,
        description="The name that this machine's samples carry; default: its host name.",
    )
    http_host: Host = Field("127.0.0.1", description="Address that the API listens on.")
    http_port: Port = Field(8000, description="Port that the API listens on.")
    mqtt_host: Host = Field("127.0.0.1", description="Address that the embedded broker listens on.")
    mqtt_port: Port = Field(1883, description="Port that the embedded broker listens on.")
    mqtt_url: SecretStr | None = Field(
        None,
        description="An external broker, `mqtt://user:password@host:1883` or `mqtts://…`; "
        "unset: the embedded one.",
    )
    topic_prefix: str = Field(
        "",
        max_length=255,
        description="Put before each topic; may hold `{host}`, as in `fleet/{host}`.",
    )
    ingester_group: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Ingesters with the same group share the samples among them "
        "(an MQTT shared subscription).",
    )
    ingester_name: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="Names this ingester's session at the broker; default: the host name.",
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(_APPLICATION),
        description="Folder of the embedded history.",
    )
    influxdb_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#@]+/?$",
        description="An InfluxDB 2.x, such as `http://localhost:8086`; set: it holds the history.",
    )
    influxdb_token: SecretStr | None = Field(None, description="InfluxDB's API token.")
    influxdb_org: str | None = Field(None, description="InfluxDB's organization.")
    influxdb_bucket: str = Field(
        "system-monitor", min_length=1, description="InfluxDB's bucket; created when missing."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="How much is logged, on standard error."
    )

    @field_validator("host_name")
    @classmethod
    def _host_name_fits_a_topic(cls, value: str) -> str:
        if re.search(r"[\x00-\x1f/+#]", value):
            raise ValueError("must not hold '/', '+', '#' or control characters")
        return value

    @field_validator("topic_prefix")
    @classmethod
    def _prefix_is_a_topic(cls, value: str) -> str:
        if re.search(r"[\x00-\x1f+#]", value):
            raise ValueError("must not hold '+', '#' or control characters")
        if value.startswith(("/", "$")) or value.endswith("/"):
            raise ValueError("must not begin with '/' or '$', nor end with '/'")
        if re.search(r"[{}]", value.replace("{host}", "", 1)):
            raise ValueError("may hold '{host}' once, and no other braces")
        return value

    @field_validator("mqtt_url")
    @classmethod
    def _mqtt_url_names_a_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _parse_broker(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _influxdb_is_complete(self) -> "Settings":
        if self.influxdb_url is not None:
            for name in ("influxdb_token", "influxdb_org"):
                if getattr(self, name) is None:
                    raise ValueError(f"influxdb_url is set, so {name} must be set too")
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
        file = os.environ.get(CONFIG_FILE_VARIABLE) or default_config_file()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    @property
    def broker(self) -> BrokerAddress:
        """The broker to connect to: the external one, or the embedded one of this machine."""
        if self.mqtt_url is not None:
            return _parse_broker(self.mqtt_url.get_secret_value())
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.mqtt_host, self.mqtt_host)  # noqa: S104
        return BrokerAddress(host, self.mqtt_port)

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
        shown = {name: str(value) for name, value in self}
        shown |= {name: "(unset)" for name, value in self if value is None}
        shown |= {name: _MASK for name, value in self if isinstance(value, SecretStr)}
        if self.mqtt_url is not None:
            shown["mqtt_url"] = self.broker.masked()
        return shown


def _parse_broker(url: str) -> BrokerAddress:
    """Return the broker that ``url`` names. Raises ValueError, never quoting a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("has a host or a port that cannot be read") from None
    if parts.scheme not in _MQTT_PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError("must look like mqtt://user:password@host:1883 or mqtts://host:8883")
    return BrokerAddress(
        host=parts.hostname,
        port=port or _MQTT_PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password) if parts.password is not None else None,
    )


def load_settings(options: Mapping[str, object] | None = None) -> Settings:
    """Return the effective settings; ``options`` are those of the command line.

    Raises SettingsError, one sentence that names the setting, the value and what is allowed.
    """
    given: dict[str, Any] = dict(options or {})
    file = os.environ.get(CONFIG_FILE_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsError(f"{CONFIG_FILE_VARIABLE}={file}: there is no such file.")
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error, given)) from None
    except tomllib.TOMLDecodeError as error:
        file = file or str(default_config_file())
        raise SettingsError(f"{file} is not valid TOML: {error}.") from None
    except OSError as error:
        raise SettingsError(f"The settings cannot be read: {error}.") from None


def _sentence(error: ValidationError, options: Mapping[str, object]) -> str:
    first = error.errors(include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{reason}."
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return f"{name} is no setting; `system-monitor check` lists them all."
    field = Settings.model_fields.get(name)
    secret = field is not None and "SecretStr" in str(field.annotation)
    value = _MASK if secret else repr(_given(name, options))
    return f"{name}={value} cannot work: {reason[0].lower()}{reason[1:]}."


def _given(name: str, options: Mapping[str, object]) -> object:
    if name in options:
        return options[name]
    variable = f"{ENVIRONMENT_PREFIX}{name}".upper()
    by_environment = {key.upper(): value for key, value in os.environ.items()}
    if by_environment.get(variable):
        return by_environment[variable]
    file = Path(os.environ.get(CONFIG_FILE_VARIABLE) or default_config_file())
    return tomllib.loads(file.read_text()).get(name) if file.is_file() else None
