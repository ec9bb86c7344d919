"""Whether a port can be listened on, found out before anything starts."""

import socket

from telemetry.errors import SettingsError


def require_free_port(host: str, port: int, advice: str) -> None:
    """Raise SettingsError, ending with ``advice``, if ``host`` and ``port`` cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(f"Cannot listen on {host}:{port} ({reason}): {advice}.") from None
