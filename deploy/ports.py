"""Checks that ports are free before anything starts."""

import errno
import socket
import time

from telemetry.errors import SettingsError
from telemetry.settings import Settings

# If its parent is killed, Mosquitto keeps its ports until it next wakes up and notices that.
_BROKER_ENDS_SECONDS = 1.0
_PAUSE_SECONDS = 0.05


def require_http_port(settings: Settings) -> None:
    """Raise SettingsError if the API cannot listen on its port."""
    require_free_port(settings.http_host, settings.http_port, "http")


def require_mqtt_port(settings: Settings) -> None:
    """Raise SettingsError if the embedded broker is used but cannot listen on one of its ports."""
    if settings.mqtt_url is None:
        broker = settings.broker.masked()
        instead = f", or set --mqtt-url {broker} to use the broker that already runs there"
        require_free_port(
            settings.mqtt_host, settings.mqtt_port, "mqtt", instead, patience=_BROKER_ENDS_SECONDS
        )
        for option, port in (
            ("mqtt5", settings.mqtt5_port),
            ("mqtt-websocket", settings.mqtt_websocket_port),
        ):
            if port:
                require_free_port(settings.mqtt_host, port, option)


def require_free_port(
    host: str, port: int, option: str, instead: str = "", *, patience: float = 0.0
) -> None:
    """Raise SettingsError if this process cannot listen on ``port`` of ``host``.

    The message suggests ``--{option}-port`` or ``--{option}-host``. If the port is in
    use, wait up to ``patience`` seconds until it is free. If it stays in use, the message also
    contains the advice ``instead``.
    """
    try:
        _bind(host, port, time.monotonic() + patience)
    except (OSError, UnicodeError) as error:
        number, reason = getattr(error, "errno", None), getattr(error, "strerror", None)
        advice = {
            errno.EADDRINUSE: f"choose another port with --{option}-port{instead}",
            errno.EACCES: f"choose a port above 1023 with --{option}-port",
        }.get(number or 0, f"choose an address of this machine with --{option}-host")
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reason = (reason or "no such address").lower()
        raise SettingsError(f"Cannot listen on {place} ({reason}): {advice}.") from None


def _bind(host: str, port: int, deadline: float) -> None:
    """Bind a socket for a moment; retry until ``deadline`` (monotonic) while the port is in use.

    Raises OSError or UnicodeError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
