"""The settings, and the values that are derived from them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from telemetry.bus.address import BrokerAddress
from telemetry.bus.tls import TlsFiles
from telemetry.bus.topics import TopicScheme
from telemetry.history.window import Spans
from telemetry.limits import Limits
from telemetry.settings import values
from telemetry.settings.secret import MASK, Secret

if TYPE_CHECKING:
    from telemetry.settings.fields import SettingFields as Fields
else:
    Fields = SimpleNamespace  # the checked values; a process that is given them needs no pydantic

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - users may choose all addresses


def reachable(host: str) -> str:
    """Return the address at which a client on this machine reaches a server bound to ``host``."""
    return _ANY_ADDRESS.get(host, host)


class Settings(Fields):
    """The effective settings: the values of ``SettingFields``. ``load_settings`` creates them."""

    @property
    def broker(self) -> BrokerAddress:
        """The broker to connect to: the external one, or the embedded one on this machine."""
        if self.mqtt_url is None:
            address = BrokerAddress(reachable(self.mqtt_host), self.mqtt_port)
        else:
            address = values.broker_url(self.mqtt_url.reveal())
        password = self.mqtt_password.reveal() if self.mqtt_password else None
        return replace(
            address,
            username=self.mqtt_user if address.username is None else address.username,
            password=password if address.password is None else address.password,
            tls_files=TlsFiles(self.mqtt_ca_file, self.mqtt_certificate_file, self.mqtt_key_file),
        )

    @property
    def topics(self) -> TopicScheme:
        """The scheme that converts channels to topics."""
        return TopicScheme(self.topic_prefix)

    @property
    def window(self) -> int:
        """The retention of samples in the history, in milliseconds."""
        return round(self.history_hours * 3_600_000)

    @property
    def spans(self) -> Spans:
        """The retention of samples, events and one-minute points in the history."""
        days = round(self.history_days * 86_400_000)
        return Spans(self.window, max(self.window, days), days)

    @property
    def changed_thresholds(self) -> dict[str, dict[str, float]]:
        """The thresholds in ``finding_thresholds``, by kind of finding, then by name."""
        changed: dict[str, dict[str, float]] = {}
        for each in self.finding_thresholds:
            name, _, number = each.partition("=")
            kind, _, of_kind = name.partition(".")
            changed.setdefault(kind, {})[of_kind] = float(number)
        return changed

    @property
    def limits(self) -> Limits:
        """The maximum numbers of hosts, channels and devices tracked at once."""
        return Limits(self.max_hosts, self.max_channels, self.max_devices)

    @property
    def history_bytes(self) -> int:
        """The maximum size of the embedded history in bytes."""
        return round(self.history_megabytes * 1_000_000)

    def masked(self) -> dict[str, str]:
        """Return each setting as text, with secrets masked."""
        shown = {name: _shown(value) for name, value in vars(self).items()}
        if self.mqtt_url is not None:
            url = values.broker_url(self.mqtt_url.reveal())
            shown["mqtt_url"] = url.masked()
        return shown


def _shown(value: Any) -> str:  # noqa: ANN401 - the value of any setting
    if value in (None, "", ()):
        return "(unset)"
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)
