"""Limits the number of open connections."""

import asyncio
import logging
import sys

from api.fair_share import FairShare
from telemetry.log_limit import RateLimitedLog
from telemetry.reports import Report, counter, gauge

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 2048  # twice the limit on WebSocket clients
ACCEPTED_AT_ONCE = 16  # per turn of the event loop; it takes four turns to reject a connection
# Open files for everything else: the broker, the history, the sensors, connections being rejected.
_OTHER_FILES = 128 + 4 * ACCEPTED_AT_ONCE
_FEWEST_CONNECTIONS = 64


def most_connections() -> int:
    """Return the limit on open connections, which leaves file descriptors for other uses."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource  # noqa: PLC0415 - Unix only

    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(_MOST_CONNECTIONS, max(_FEWEST_CONNECTIONS, allowed - _OTHER_FILES))


class Connections:
    """The open connections, up to a limit.

    If the limit is exceeded, the newest connection from the network with the most connections is
    closed. A network is an IPv4 address or the /64 prefix of an IPv6 address.
    """

    def __init__(self) -> None:
        """Start with no connections."""
        self._open: FairShare[asyncio.BaseTransport] = FairShare()
        self._closed = 0
        self._log = RateLimitedLog(log)

    def add(self, transport: asyncio.Transport) -> None:
        """Add a new connection; if there are now too many, close one of them."""
        peer = transport.get_extra_info("peername")
        self._open.add(transport, peer[0] if isinstance(peer, tuple) else "")
        if len(self._open) <= most_connections():
            return
        surplus = self._open.surplus()
        self._open.discard(surplus)
        self._closed += 1
        self._log.write(
            "All %d connections are in use. To make room for new clients, the server closes "
            "connections of the address or IPv6 network that has the most. Connections closed so "
            "far: %d.",
            len(self._open),
            self._closed,
        )
        if isinstance(surplus, asyncio.WriteTransport):
            surplus.abort()

    def discard(self, transport: asyncio.BaseTransport) -> None:
        """Remove a lost connection."""
        self._open.discard(transport)

    def report(self) -> Report:
        """Return how many connections are open, and how many were closed because of the limit."""
        closed = "Connections closed because the limit on open connections was exceeded"
        return Report(
            "connections",
            None,
            (
                counter("connections_closed", closed, self._closed),
                gauge("connections", "Open connections, including WebSockets", len(self._open)),
            ),
        )
