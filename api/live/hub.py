"""Hands each update to the WebSocket clients that want it."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from api.live.filters import matches_any
from api.live.newest import Newest, Update

QUEUE_FRAMES = 256
MAX_CLIENTS = 1024
# The sensors of one tick report within some 50 ms of each other.
BATCH_SECONDS = 0.05
BATCH_FRAMES = 100


class Client:
    """One WebSocket's wishes and the frames that wait for it.

    ``overflow`` is done once the client has fallen too far behind; it gets no more frames.
    """

    def __init__(
        self, filters: Iterable[str], host: str | None = None, *, batch: bool = False
    ) -> None:
        """Want the channels that match one of ``filters``, of ``host`` or of every host.

        With ``batch`` the frames of a tick come in one message.
        """
        self.filters = tuple(filters)
        self.host = host
        self._batch = batch
        self.overflow: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._frames: deque[str] = deque()
        self._capacity = QUEUE_FRAMES
        self._waiting = asyncio.Event()

    def wants(self, update: Update) -> bool:
        """Return whether ``update`` is for this client."""
        if self.host not in (None, update.host) and not (update.is_event and not update.host):
            return False
        return matches_any(self.filters, update.channel)

    def offer(self, frame: str) -> None:
        """Queue ``frame``, or give the client up where it has not read those before."""
        if self.overflow.done():
            return
        if len(self._frames) >= self._capacity:
            self._frames.clear()
            self.overflow.set_result(None)
            return
        self._frames.append(frame)
        self._waiting.set()

    def greet(self, frames: Sequence[str]) -> None:
        """Queue ``frames``, on top of what the queue holds: a fleet's newest values may be more."""
        self._capacity = max(self._capacity, QUEUE_FRAMES + len(frames))
        for frame in frames:
            self.offer(frame)

    async def next_message(self) -> str:
        """Return the oldest waiting frame, or an array of up to 100; wait where there is none."""
        while not self._frames:
            self._waiting.clear()
            await self._waiting.wait()
        if not self._batch:
            return self._frames.popleft()
        await asyncio.sleep(BATCH_SECONDS)
        count = min(len(self._frames), BATCH_FRAMES)
        return f"[{','.join(self._frames.popleft() for _ in range(count))}]"


class Hub:
    """All clients. Belongs to the event loop's thread; nothing here waits for a client.

    ``slow_clients`` counts those that were given up because they did not read.
    """

    def __init__(self, newest: Newest) -> None:
        """Greet clients with what ``newest`` holds."""
        self._newest = newest
        self._clients: set[Client] = set()
        self.max_clients = MAX_CLIENTS
        self.slow_clients = 0

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    @property
    def full(self) -> bool:
        """Whether there is no room for another client."""
        return len(self._clients) >= self.max_clients

    def join(self, client: Client) -> None:
        """Send ``client`` the newest values, and from now on what arrives."""
        self._clients.add(client)
        self._greet(client, previous=())

    def leave(self, client: Client) -> None:
        """Forget ``client``; call it once for each that has joined."""
        self._clients.discard(client)
        if client.overflow.done():
            self.slow_clients += 1

    def change(self, client: Client, filters: Iterable[str], acknowledgement: str) -> None:
        """Give ``client`` other ``filters``: it is told so, then gets the newest of the new."""
        previous, client.filters = client.filters, tuple(filters)
        client.offer(acknowledgement)
        self._greet(client, previous)

    def publish(self, update: Update) -> None:
        """Queue ``update`` for each client that wants it."""
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
