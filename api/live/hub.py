"""Sends each update to the WebSocket clients that subscribed to it."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from api.live.filters import matches_any
from api.live.newest import Newest, Update
from api.live.removal import Removal

QUEUE_FRAMES = 256
MAX_CLIENTS = 1024
# The sensors of one tick report within about 50 ms of each other.
BATCH_SECONDS = 0.05
BATCH_FRAMES = 100


class Client:
    """One WebSocket client: its filters and its queue of frames.

    ``overflow`` is done once the client has fallen too far behind; it then gets no more frames.
    """

    def __init__(
        self, filters: Iterable[str], host: str | None = None, *, batch: bool = False
    ) -> None:
        """Subscribe to the channels that match one of ``filters``, of ``host`` or of all hosts.

        With ``batch``, the frames of a tick are sent in one message.
        """
        self.filters = tuple(filters)
        self.host = host
        self._batch = batch
        self.overflow: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._frames: deque[str] = deque()
        self._capacity = QUEUE_FRAMES
        self._waiting = asyncio.Event()

    def wants(self, update: Update | Removal) -> bool:
        """Return whether ``update`` is for this client."""
        if self.host not in (None, update.host) and not (update.is_event and not update.host):
            return False
        return matches_any(self.filters, update.channel)

    def offer(self, frame: str) -> None:
        """Queue ``frame``; if the queue is full, drop the client."""
        if self.overflow.done():
            return
        if len(self._frames) >= self._capacity:
            self._frames.clear()
            self.overflow.set_result(None)
            return
        self._frames.append(frame)
        self._waiting.set()

    def greet(self, frames: Sequence[str]) -> None:
        """Queue ``frames`` in addition to the usual capacity, which a fleet's values may exceed."""
        self._capacity = max(self._capacity, QUEUE_FRAMES + len(frames))
        for frame in frames:
            self.offer(frame)

    async def next_message(self) -> str:
        """Wait for a frame; return the oldest, or with ``batch`` an array of up to 100."""
        while not self._frames:
            self._waiting.clear()
            await self._waiting.wait()
        if not self._batch:
            return self._frames.popleft()
        await asyncio.sleep(BATCH_SECONDS)
        count = min(len(self._frames), BATCH_FRAMES)
        return f"[{','.join(self._frames.popleft() for _ in range(count))}]"


class Hub:
    """All connected clients. Used only in the event loop's thread; never waits for a client.

    ``slow_clients`` counts the clients dropped because they read too slowly.
    """

    def __init__(self, newest: Newest) -> None:
        """Send new clients the contents of ``newest`` first."""
        self._newest = newest
        self._clients: set[Client] = set()
        self.max_clients = MAX_CLIENTS
        self.slow_clients = 0

    @property
    def clients(self) -> int:
        """The number of connected clients."""
        return len(self._clients)

    @property
    def full(self) -> bool:
        """Whether the client limit is reached."""
        return len(self._clients) >= self.max_clients

    def join(self, client: Client) -> None:
        """Send ``client`` the newest values, then each update as it arrives."""
        self._clients.add(client)
        self._greet(client, previous=())

    def leave(self, client: Client) -> None:
        """Remove ``client``; call this once for each client that joined."""
        self._clients.discard(client)
        if client.overflow.done():
            self.slow_clients += 1

    def change(self, client: Client, filters: Iterable[str], acknowledgement: str) -> None:
        """Replace the filters; send the acknowledgement, then the newest of the added channels."""
        previous, client.filters = client.filters, tuple(filters)
        client.offer(acknowledgement)
        self._greet(client, previous)

    def publish(self, update: Update | Removal) -> None:
        """Queue ``update`` for each client that subscribed to it."""
        for client in [each for each in self._clients if each.wants(update)]:
            client.offer(update.frame)
            if client.overflow.done():
                self._clients.discard(client)

    def _greet(self, client: Client, previous: Iterable[str]) -> None:
        frames = [
            update.frame
            for update in self._newest.updates(client.host)
            if client.wants(update) and not matches_any(previous, update.channel)
        ]
        client.greet(frames)
