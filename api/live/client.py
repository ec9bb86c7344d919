"""Sends frames to one WebSocket client, and queues them while the client reads too slowly."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from api.live.frames import Frame, Greeting, Text

QUEUE_FRAMES = 256
# At each tick, all sensors report within about 50 ms of each other.
BATCH_SECONDS = 0.05
BATCH_FRAMES = 100
TOO_SLOW = "The client reads too slowly."
TOO_MANY = "Too many clients are connected; try again later."


class Connection(Protocol):
    """A WebSocket connection; no method waits for the client.

    ``can_write`` is true while the client has read most of what was written. ``on_writable`` is
    called when ``can_write`` becomes true again.
    """

    can_write: bool
    on_writable: Callable[[], None]

    def write(self, frame: bytes) -> None:
        """Send a whole frame, unless the connection is closing."""

    def interrupt(self) -> None:
        """End the wait for a message, as if the client had disconnected."""


class Client:
    """A client's filters, and the frames still to be sent to the client.

    ``dropped`` is the reason for disconnecting the client, or None.
    """

    __slots__ = (  # small and fast, as each sample is offered to hundreds of clients
        "_batch",
        "_capacity",
        "_connection",
        "_frames",
        "address",
        "dropped",
        "filters",
        "host",
    )

    def __init__(
        self,
        connection: Connection,
        filters: Iterable[str],
        host: str | None = None,
        *,
        batch: bool = False,
        address: str = "",
    ) -> None:
        """Subscribe to the channels that match any of ``filters``.

        If ``host`` is None, the client gets the channels of all hosts. With ``batch``, frames are
        collected for 50 ms and sent together, as JSON arrays of at most 100 frames. ``address`` is
        the client's IP address.
        """
        self.filters = tuple(filters)
        self.host = host
        self.address = address
        self.dropped: str | None = None
        self._batch = batch
        self._connection = connection
        self._connection.on_writable = self._flush
        self._frames: deque[Frame] = deque()
        self._capacity = QUEUE_FRAMES

    def offer(self, frame: Frame) -> None:
        """Send ``frame``, or queue it for later; if the queue is full, drop the client."""
        if self._connection.can_write and not self._frames and not self._batch:
            self._connection.write(frame.encoded)
        elif len(self._frames) >= self._capacity:
            self.drop(TOO_SLOW)
        elif self.dropped is None:
            self._frames.append(frame)
            if self._batch and len(self._frames) == 1:
                asyncio.get_running_loop().call_later(BATCH_SECONDS, self._flush)

    def greet(self, greetings: Sequence[Greeting]) -> None:
        """Send ``greetings``; enlarge the queue so that all of them fit, even for a large fleet."""
        self._capacity = max(self._capacity, QUEUE_FRAMES + len(greetings))
        for each in greetings:
            self.offer(each)

    def drop(self, reason: str) -> None:
        """Disconnect the client and discard the queued frames."""
        if self.dropped is None:
            self.dropped = reason
            self._frames.clear()
            self._connection.interrupt()

    def _flush(self) -> None:
        while self._frames and self._connection.can_write:
            frame = self._next_batch() if self._batch else self._frames.popleft()
            self._connection.write(frame.encoded)

    def _next_batch(self) -> Text:
        count = min(len(self._frames), BATCH_FRAMES)
        return Text(f"[{','.join(self._frames.popleft().text for _ in range(count))}]")
