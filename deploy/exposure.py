"""Checks, before anything starts, that no part serves other machines without a login.

The settings http_allow_anonymous (API) and mqtt_allow_anonymous (broker) switch the checks off.
"""

import ipaddress
import socket

from telemetry.errors import SettingsError
from telemetry.settings import Settings


def require_guarded_api(settings: Settings) -> None:
    """Raise SettingsError if the API would serve other machines without a token."""
    if settings.http_token is None and not settings.http_allow_anonymous:
        _refuse_beyond_loopback(
            "http_host",
            settings.http_host,
            "http_token is not set: put the output of `openssl rand -hex 32` into a file and set "
            "http_token_file (SYSTEM_MONITOR_HTTP_TOKEN_FILE) to its path, or allow anonymous "
            "access with http_allow_anonymous = true",
        )


def require_guarded_broker(settings: Settings) -> None:
    """Raise SettingsError if the embedded broker would serve other machines without a login."""
    if settings.mqtt_url is not None or settings.mqtt_user is not None:
        return
    if not settings.mqtt_allow_anonymous:
        _refuse_beyond_loopback(
            "mqtt_host",
            settings.mqtt_host,
            "the embedded broker needs a login: set mqtt_user, put a password into a file and "
            "set mqtt_password_file (SYSTEM_MONITOR_MQTT_PASSWORD_FILE) to its path, or allow "
            "anonymous access with mqtt_allow_anonymous = true",
        )


def _refuse_beyond_loopback(setting: str, host: str, advice: str) -> None:
    addresses = _addresses(host)
    if not addresses:
        raise SettingsError(f"{setting} = {host} is not a known host name or an IP address.")
    if not all(ipaddress.ip_address(each).is_loopback for each in addresses):
        raise SettingsError(
            f"{setting} = {host} accepts connections from other machines, but {advice}."
        )


def _addresses(host: str) -> set[str]:
    """Return the addresses of ``host``; empty if the name cannot be resolved."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
