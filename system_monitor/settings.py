"""Reads the broker's settings from the environment variables of the ``system-monitor`` command."""

import os
import re
import socket
import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a server may listen on these addresses, but a client cannot connect to them
_CONTROL = re.compile(r"[\x00-\x1f\x7f+#]")


class Broker(NamedTuple):
    """The broker's address and login, the topic prefix, and the name of this host."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    user: str | None
    password: str | None
    prefix: str
    host_name: str

    @property
    def masked(self) -> str:
        """The broker's address without the login, for use in messages."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def topic(self, channel: str) -> str:
        """Return the topic for ``channel`` of this host."""
        prefix = self.prefix.replace("{host}", self.host_name)
        return f"{prefix}/{channel}" if prefix else channel


def load() -> Broker:
    """Return the broker that the environment variables describe.

    Raises ValueError if a setting is not valid, and OSError if a file cannot be read.
    """
    url = _value("MQTT_URL", file=True)
    host = _value("MQTT_HOST") or "127.0.0.1"
    parts = urlsplit(url or f"mqtt://{host}:{_value('MQTT_PORT') or 1883}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("SYSTEM_MONITOR_MQTT_URL must look like mqtt://host:1883")
    user = _value("MQTT_USER") or (unquote(parts.username) if parts.username else None)
    password = _value("MQTT_PASSWORD", file=True)
    if parts.password is not None:
        password = unquote(parts.password)
    prefix, host_name = _value("TOPIC_PREFIX") or "", _value("HOST_NAME") or socket.gethostname()
    if _CONTROL.search(prefix + host_name):
        raise ValueError(
            "SYSTEM_MONITOR_TOPIC_PREFIX or SYSTEM_MONITOR_HOST_NAME contains a control character, "
            "'+' or '#'"
        )
    return Broker(
        host=_ANY_ADDRESS.get(parts.hostname, parts.hostname),
        port=parts.port or _PORTS[parts.scheme],
        tls=_tls() if parts.scheme == "mqtts" else None,
        user=user,
        password=password,
        prefix=prefix,
        host_name=host_name,
    )


def _value(name: str, *, file: bool = False) -> str | None:
    value = os.environ.get(f"SYSTEM_MONITOR_{name}")
    path = os.environ.get(f"SYSTEM_MONITOR_{name}_FILE") if file and not value else None
    if path:
        return Path(path).expanduser().read_text("utf-8").rstrip("\r\n")
    return value or None


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=_value("MQTT_CA_FILE"))
    certificate = _value("MQTT_CERTIFICATE_FILE")
    if certificate:
        context.load_cert_chain(certificate, _value("MQTT_KEY_FILE"))
    return context
