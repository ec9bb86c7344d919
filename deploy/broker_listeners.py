"""The addresses that an embedded broker listens on."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

MQTT5_PORT, WEBSOCKET_PORT = 1884, 9001
"""The default ports of MQTT 5 and MQTT over WebSocket, if these have ports of their own."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """The address (``host``) and the ports that an embedded broker listens on.

    ``mqtt`` is the port of MQTT 3.1.1, and ``mqtt5`` that of MQTT 5; one port can serve both
    versions. If ``mqtt5`` is 0, MQTT 5 has no separate port; only Mosquitto then serves it, on
    ``mqtt``. If ``websocket`` is 0, MQTT over WebSocket is not served.
    """

    host: str
    mqtt: int
    mqtt5: int = 0
    websocket: int = 0

    def extra(self) -> dict[str, int]:
        """Return the ports other than ``mqtt`` that the broker needs, keyed by field name."""
        ports = {"mqtt5": self.mqtt5, "websocket": self.websocket}
        return {name: port for name, port in ports.items() if port not in (0, self.mqtt)}

    def on_free_ports(self) -> Self:
        """Return a copy with a free port in place of each extra port that is already taken."""
        ports = {name: _free_port(self.host, port) for name, port in self.extra().items()}
        return self.with_ports(ports)

    def with_ports(self, ports: Mapping[str, int]) -> Self:
        """Return a copy with the given ``ports``, keyed by field name."""
        mqtt5 = ports.get("mqtt5", self.mqtt5)
        return replace(self, mqtt5=mqtt5, websocket=ports.get("websocket", self.websocket))


def _free_port(host: str, port: int) -> int:
    """Return ``port``, or a port that the system chooses if ``port`` is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            probe.bind((host, 0))
        return int(probe.getsockname()[1])
