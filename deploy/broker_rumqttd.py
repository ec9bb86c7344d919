"""The bundled broker: rumqttd, from the iotcore wheel. It keeps messages in memory only."""

import json
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.broker_listeners import Listeners
from deploy.broker_program import Login
from telemetry.samples import MAX_PAYLOAD_BYTES

# The commit log of each subscription holds 16 segments of 1 MiB: an hour of a machine with eight
# GPUs (about 4 kB a tick) fits there during an outage of the history store.
_ROUTER = """\
id = 0

[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 16
"""
_LISTENER = """
[{section}.1]
name = "{section}"
listen = "{address}:{port}"
next_connection_delay_ms = 1
    [{section}.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = {max_payload_size}
    max_inflight_count = 200
    dynamic_filters = true
"""
_LOGIN = """\
        [{section}.1.connections.auth]
        {user} = {password}
"""


class Rumqttd:
    """The program rumqttd, whose messages are lost when its process ends."""

    description = "rumqttd"
    one_port = False
    websockets = True
    keeps_messages = False
    end_signal = None

    def __init__(self) -> None:
        """Write nothing yet: ``prepare`` writes the configuration."""
        self._file: Path | None = None

    def prepare(self, listeners: Listeners, login: Login | None) -> Sequence[str]:
        """Write the configuration, readable only by this user; return the broker's command line."""
        self.tidy()
        ports = {"v4": listeners.mqtt, "v5": listeners.mqtt5, "ws": listeners.websocket}
        address = _address(listeners.host)
        descriptor, name = tempfile.mkstemp(prefix="system-monitor-", suffix=".toml")
        self._file = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_ROUTER)
            for section, port in ports.items():
                if port:
                    file.write(_listener(section, address, port, login))
        return [sys.executable, "-P", "-m", "deploy.broker_process", name]

    def discard_messages(self) -> None:
        """Do nothing: no messages are saved."""

    def tidy(self) -> None:
        """Remove the configuration file, unless the broker's process has already removed it."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _address(host: str) -> str:
    """Return the IP address of ``host``, in brackets if it is an IPv6 address.

    rumqttd does not accept host names.
    """
    return f"[{host}]" if ":" in host else socket.gethostbyname(host)


def _listener(section: str, address: str, port: int, login: Login | None) -> str:
    text = _LISTENER.format(
        section=section, address=address, port=port, max_payload_size=MAX_PAYLOAD_BYTES
    )
    if login is not None:
        user, password = map(_toml_text, login)
        text += _LOGIN.format(section=section, user=user, password=password)
    return text


def _toml_text(text: str) -> str:
    # JSON and TOML differ only in control characters, which the settings do not allow.
    return json.dumps(text, ensure_ascii=False)
