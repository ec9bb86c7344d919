"""Nobody is let in from other machines by accident: found out before anything starts."""

import ipaddress
import socket

from telemetry.errors import SettingsError
from telemetry.settings import Settings


def require_guarded_api(settings: Settings) -> None:
    """Raise SettingsError where the API would let everybody in from other machines."""
    if settings.http_token is None and not settings.http_allow_anonymous:
        _refuse_beyond_loopback(
            "http_host",
            settings.http_host,
            "there is no token: put one of `openssl rand -hex 32` into a file that "
            "http_token_file names (SYSTEM_MONITOR_HTTP_TOKEN_FILE), or insist with "
            "http_allow_anonymous = true",
        )


def require_guarded_broker(settings: Settings) -> None:
    """Raise SettingsError where the embedded broker would let everybody in likewise."""
    if settings.mqtt_url is not None or settings.mqtt_user is not None:
        return
    if not settings.mqtt_allow_anonymous:
        _refuse_beyond_loopback(
            "mqtt_host",
            settings.mqtt_host,
            "its broker asks for no password: set mqtt_user, and mqtt_password_file "
            "(SYSTEM_MONITOR_MQTT_PASSWORD_FILE) to a file with a password, or insist with "
            "mqtt_allow_anonymous = true",
        )


def _refuse_beyond_loopback(setting: str, host: str, advice: str) -> None:
    if not _is_loopback(host):
        raise SettingsError(f"{setting} = {host} can be reached from other machines, and {advice}.")


def _is_loopback(host: str) -> bool:
    """Return whether ``host`` is an address, or a name of nothing but addresses, of loopback."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in found)
