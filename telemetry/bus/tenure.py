"""Decides which of two clients with the same name may use the broker."""

import time

_SETTLED_SECONDS = 10.0
_CONTESTED = 3  # short connections in a row; a restart of the broker causes only one or two
_LOST = 20  # short connections in a row after which tenure is lost


class Tenure:
    """Decides whether this client may use the broker, only by how long its connections last.

    When a client connects, the broker closes the connection of any other client with the same name.
    Two such clients would evict each other forever. So a client whose connections are closed again
    and again is ``displaced``: it stays disconnected most of the time, and sends nothing.

    A client that has kept a connection for ten seconds has tenure, and is not displaced. Both
    clients can have tenure, for example if one of them had lost its network while the other
    connected. Then they evict each other until both have lost their tenure. The first client that
    keeps a connection for ten seconds gains tenure again.
    """

    def __init__(self) -> None:
        """Start with no connection and no tenure."""
        self._since: float | None = None
        self._short = 0
        self._has_tenure = False

    @property
    def contested(self) -> bool:
        """Whether several connections in a row were short, and the current one has not lasted."""
        return self._short >= _CONTESTED and not self._has_lasted()

    @property
    def displaced(self) -> bool:
        """Whether the other client probably has tenure, judged by our own connections."""
        return self.contested and not self._has_tenure

    def begin(self) -> None:
        """Record that the broker has accepted a connection."""
        self._since = time.monotonic()

    def end(self) -> None:
        """Record that the connection was lost; if there was no connection, nothing changes."""
        if self._has_lasted():
            self._short, self._has_tenure = 0, True
        elif self._since is not None:
            self._short += 1
            self._has_tenure = self._has_tenure and self._short < _LOST
        self._since = None

    def reset(self) -> None:
        """Record that no broker is running.

        The connections were lost because the broker stopped, not because another client evicted us.
        """
        self._short = 0

    def _has_lasted(self) -> bool:
        return self._since is not None and time.monotonic() - self._since >= _SETTLED_SECONDS
