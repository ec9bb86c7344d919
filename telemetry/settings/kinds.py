"""The types of the settings, and how their values are validated."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from telemetry.settings import notices, values
from telemetry.settings.secret import Secret


def _not_a_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic does not catch a TypeError
    return value


def _secret(check: Callable[[str], object]) -> PlainValidator:
    def checked(value: object) -> Secret:
        if not isinstance(value, str):
            raise ValueError("must be text")  # noqa: TRY004 - as above
        text = check(value)
        return Secret(text if isinstance(text, str) else value)

    return PlainValidator(checked)


Number = Annotated[float, BeforeValidator(_not_a_boolean)]
Port = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=1, le=65535)]
Count = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=1, le=100_000)]
PortOrNone = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=0, le=65535)]  # 0: no port
ChosenPort = Annotated[int | None, Field(ge=0, le=65535), BeforeValidator(_not_a_boolean)]
Host = Annotated[str, AfterValidator(values.listening_host)]
Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(values.require_text)]
HostName = Annotated[Text, AfterValidator(values.host_name)]
TopicPrefix = Annotated[str, Field(max_length=255), AfterValidator(values.topic_prefix)]
Identifier = Annotated[str, AfterValidator(values.identifier)]
EmbeddedBrokerChoice = Annotated[str, AfterValidator(values.embedded_broker)]
LogFormat = Annotated[str, AfterValidator(values.log_format)]
LogLevel = Annotated[str, AfterValidator(values.log_level)]
Folder = Annotated[Path, BeforeValidator(values.require_path), AfterValidator(values.absolute)]
File = Annotated[
    Path,
    BeforeValidator(values.require_path),
    AfterValidator(values.absolute),
    AfterValidator(values.readable_file),
]
InfluxdbUrl = Annotated[str, AfterValidator(values.influxdb_url)]
InfluxdbToken = Annotated[Secret, _secret(values.influxdb_token)]
BrokerUrl = Annotated[Secret, _secret(values.broker_url)]
Password = Annotated[Secret, _secret(values.password)]
AccessToken = Annotated[Secret, _secret(values.access_token)]
Sensors = Annotated[tuple[str, ...], BeforeValidator(values.sensors)]
Findings = Annotated[tuple[str, ...], BeforeValidator(values.findings)]
Thresholds = Annotated[tuple[str, ...], BeforeValidator(values.thresholds)]
Origins = Annotated[tuple[str, ...], BeforeValidator(values.origins)]
NotifyUrls = Annotated[Secret, BeforeValidator(notices.joined), _secret(notices.notify_urls)]
NotifyCommand = Annotated[tuple[str, ...], BeforeValidator(notices.notify_command)]
NotifyRuns = Annotated[str, AfterValidator(notices.notify_runs)]
NotifySeverity = Annotated[str, AfterValidator(notices.notify_severity)]
PublicUrl = Annotated[str, AfterValidator(notices.public_url)]
QuietHours = Annotated[tuple[str, ...], BeforeValidator(notices.quiet_hours)]
