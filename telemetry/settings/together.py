"""Checks combinations of settings.

A failed check raises ValueError. Its message is a sentence without a full stop.
"""

import ssl

from telemetry.settings import values
from telemetry.settings.model import Settings

_BROKER_PORTS = ("mqtt_port", "mqtt5_port", "mqtt_websocket_port")
_TLS_FILES = ("mqtt_ca_file", "mqtt_certificate_file", "mqtt_key_file")


def require_consistency(settings: Settings) -> None:
    """Raise ValueError if individually valid settings are not valid together."""
    _require_complete_account(settings)
    _require_distinct_ports(settings)
    _require_complete_login(settings)
    _require_usable_tls(settings)


def _require_complete_account(settings: Settings) -> None:
    if settings.influxdb_url is not None:
        for name in ("influxdb_token", "influxdb_org"):
            if getattr(settings, name) is None:
                raise ValueError(f"influxdb_url is set, so {name} must be set too")


def _require_distinct_ports(settings: Settings) -> None:
    if settings.mqtt_url is not None:
        return
    parts = {"http_port": settings.http_host} | dict.fromkeys(_BROKER_PORTS, settings.mqtt_host)
    seen: dict[tuple[str, int], str] = {}
    for name, host in parts.items():
        port = getattr(settings, name)
        other = seen.setdefault((host, port), name) if port else name
        if other != name:
            raise ValueError(f"{other} and {name} are both {port}, but each needs its own port")


def _require_complete_login(settings: Settings) -> None:
    url = settings.mqtt_url and values.broker_url(settings.mqtt_url.reveal())
    for name, meaning, in_url in (
        ("mqtt_user", "user name", url and url.username),
        ("mqtt_password", "password", url and url.password),
    ):
        if in_url is not None and getattr(settings, name) is not None:
            raise ValueError(
                f"{name} is set, but mqtt_url also contains a {meaning}: remove one of the two"
            )
    broker = settings.broker
    if broker.username is None and broker.password is not None:
        raise ValueError("mqtt_password is set, so mqtt_user must be set too")
    if url is None and broker.username is not None and broker.password is None:
        raise ValueError("mqtt_user is set, so mqtt_password must be set too")


def _require_usable_tls(settings: Settings) -> None:
    for name in _TLS_FILES:
        if getattr(settings, name) is not None and not settings.broker.tls:
            raise ValueError(f"{name} is set, so mqtt_url must begin with mqtts://")
    if settings.mqtt_key_file is not None and settings.mqtt_certificate_file is None:
        raise ValueError("mqtt_key_file is set, so mqtt_certificate_file must be set too")
    settings.broker.tls_files.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
