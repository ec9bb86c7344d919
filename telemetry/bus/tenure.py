"""Decides which of two clients with the same name may use the broker."""

import time

_SETTLED_SECONDS = 10.0
_CONTESTED = 3  # short connections in a row; a restart of the broker causes only one or two
_LOST = 20  # short connections in a row after which tenure is lost


class Tenure:
    """Decides whether this client may use the broker, based on how long its connections last.

    When a client connects, the broker closes the connection of any other client with the same name.
    Two clients with the same name would disconnect each other forever. So a client whose
    connections are repeatedly closed is ``displaced``: it stays disconnected most of the time and
    sends nothing.

    A client that has kept a connection for ten seconds has tenure, and is not displaced. Both
    clients can have tenure, for example if one lost its network while the other connected. They
    then disconnect each other until both lose their tenure, after 20 short connections in a
    row. The first client that keeps a connection for ten seconds regains tenure.
    """

    def __init__(self) -> None:
        """Start with no connection and no tenure."""
        self._since: float | None = None
        self._short = 0
        self._has_tenure = False

    @property
    def contested(self) -> bool:
        """Whether three or more connections in a row were short, with no long one since."""
        return self._short >= _CONTESTED and not self._has_lasted()

    @property
    def displaced(self) -> bool:
        """Whether another client with the same name probably has tenure, and this client does not.

        This is inferred from this client's own short connections.
        """
        return self.contested and not self._has_tenure

    def begin(self) -> None:
        """Record that the broker has accepted a connection."""
        self._since = time.monotonic()

    def end(self) -> None:
        """Record that the connection was lost; do nothing if there was none."""
        if self._has_lasted():
            self._short, self._has_tenure = 0, True
        elif self._since is not None:
            self._short += 1
            self._has_tenure = self._has_tenure and self._short < _LOST
        self._since = None

    def reset(self) -> None:
        """Record that no broker is running, and forget the short connections.

        The connections were short because the broker stopped, not because another client connected.
        """
        self._short = 0

    def _has_lasted(self) -> bool:
        return self._since is not None and time.monotonic() - self._since >= _SETTLED_SECONDS
