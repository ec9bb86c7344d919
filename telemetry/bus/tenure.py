"""Decides which of two clients with the same name may use the broker."""

import time

_SETTLED_SECONDS = 10.0
_CONTESTED = 3  # short connections in a row; a restarting broker causes one or two
_LOST = 20


class Tenure:
    """Decides which client may use the broker by how long connections last, not by messages.

    When a client connects, the broker closes the connection of any other client with the same name.
    Two such clients would evict each other forever. So a client whose connections are closed again
    and again is ``displaced``: it stays disconnected most of the time, and sends nothing.

    A client that has kept a connection for ten seconds has tenure, and reconnects at once. If both
    have tenure, because the network of one was down, both soon lose it. The first client that keeps
    a connection for ten seconds has tenure again.
    """

    def __init__(self) -> None:
        """Start with no connection and no tenure."""
        self._since: float | None = None
        self._short = 0
        self._has_tenure = False

    @property
    def contested(self) -> bool:
        """Whether connections are closed repeatedly."""
        return self._short >= _CONTESTED and not self._has_lasted()

    @property
    def displaced(self) -> bool:
        """Whether the other client probably has tenure, judged by our own connections."""
        return self.contested and not self._has_tenure

    def begin(self) -> None:
        """Record that the broker has accepted a connection."""
        self._since = time.monotonic()

    def end(self) -> None:
        """Record that the connection, if any, was lost."""
        if self._has_lasted():
            self._short, self._has_tenure = 0, True
        elif self._since is not None:
            self._short += 1
            self._has_tenure = self._has_tenure and self._short < _LOST
        self._since = None

    def reset(self) -> None:
        """Record that no broker is running: its end, not another client, closed the connections."""
        self._short = 0

    def _has_lasted(self) -> bool:
        return self._since is not None and time.monotonic() - self._since >= _SETTLED_SECONDS
