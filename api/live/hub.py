"""Sends each update to the WebSocket clients that subscribed to it."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence

from api.fair_share import FairShare
from api.live.filters import FilterTree
from api.live.newest import Newest, Update
from api.live.removal import Removal

QUEUE_FRAMES = 256
MAX_CLIENTS = 1024
# The sensors of one tick report within about 50 ms of each other.
BATCH_SECONDS = 0.05
BATCH_FRAMES = 100
_TOO_SLOW = "The client reads too slowly."
TOO_MANY = "Too many clients are connected; try again later."


class Client:
    """One WebSocket client: its filters and its queue of frames.

    ``dropped`` is the reason for disconnecting the client; once it is set, no more frames are sent.
    """

    def __init__(
        self,
        filters: Iterable[str],
        host: str | None = None,
        *,
        batch: bool = False,
        address: str = "",
    ) -> None:
        """Subscribe to the channels that match one of ``filters``, of ``host`` or of all hosts.

        With ``batch``, frames that arrive together are sent as one message, at most 100 in each.
        ``address`` is the client's IP address.
        """
        self.filters = tuple(filters)
        self.host = host
        self._batch = batch
        self.address = address
        self.dropped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._frames: deque[str] = deque()
        self._capacity = QUEUE_FRAMES
        self._waiting = asyncio.Event()

    def accepts(self, update: Update | Removal) -> bool:
        """Return whether ``update`` concerns a host that this client has selected."""
        return self.host in (None, update.host) or (update.is_event and not update.host)

    def offer(self, frame: str) -> None:
        """Queue ``frame``; if the queue is full, drop the client."""
        if self.dropped.done():
            return
        if len(self._frames) >= self._capacity:
            self.drop(_TOO_SLOW)
            return
        self._frames.append(frame)
        self._waiting.set()

    def drop(self, reason: str) -> None:
        """Disconnect the client."""
        if not self.dropped.done():
            self._frames.clear()
            self.dropped.set_result(reason)

    def greet(self, frames: Sequence[str]) -> None:
        """Queue ``frames``; raise the capacity if a fleet has more of them than fit."""
        self._capacity = max(self._capacity, QUEUE_FRAMES + len(frames))
        for frame in frames:
            self.offer(frame)

    async def next_message(self) -> str:
        """Wait for a frame; return the oldest or, with ``batch``, an array of up to 100 frames."""
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

    ``slow_clients`` counts the clients dropped because they read too slowly, ``replaced_clients``
    those dropped to make room, because all places were taken and their address had the most
    clients.
    """

    def __init__(self, newest: Newest) -> None:
        """Send new clients the contents of ``newest`` first."""
        self._newest = newest
        self._clients: FairShare[Client] = FairShare()
        self._subscribers: FilterTree[Client] = FilterTree()
        self.max_clients = MAX_CLIENTS
        self.slow_clients = 0
        self.replaced_clients = 0

    @property
    def clients(self) -> int:
        """The number of connected clients."""
        return len(self._clients)

    def has_room(self, address: str) -> bool:
        """Return whether a client at ``address`` may join."""
        return self._clients.has_room(address, self.max_clients)

    def join(self, client: Client) -> None:
        """Send ``client`` the newest values, then each update as it arrives.

        If there is then one client too many, drop it or another one.
        """
        self._clients.add(client, client.address)
        self._subscribe(client, client.filters)
        if len(self._clients) > self.max_clients:
            surplus = self._clients.surplus()
            surplus.drop(TOO_MANY)
            self._remove(surplus)
            self.replaced_clients += 1
        self._greet(client, self._channels(client))

    def leave(self, client: Client) -> None:
        """Remove ``client``; call this once for each client that joined."""
        self._remove(client)
        if client.dropped.done() and client.dropped.result() == _TOO_SLOW:
            self.slow_clients += 1

    def change(self, client: Client, filters: Iterable[str], acknowledgement: str) -> None:
        """Replace the filters, acknowledge, then send the newest values of the added channels."""
        client.offer(acknowledgement)
        if client not in self._clients:
            return  # it was dropped
        previous = self._channels(client)
        self._unsubscribe(client)
        self._subscribe(client, filters)
        self._greet(client, self._channels(client) - previous)

    def publish(self, update: Update | Removal) -> None:
        """Queue ``update`` for each client that subscribed to it."""
        for client in set[Client]().union(*self._subscribers.matching(update.channel)):
            if client.accepts(update):
                client.offer(update.frame)
                if client.dropped.done():
                    self._remove(client)

    def _subscribe(self, client: Client, filters: Iterable[str]) -> None:
        client.filters = tuple(filters)
        for each in client.filters:
            self._subscribers.add(each, client)

    def _unsubscribe(self, client: Client) -> None:
        for each in client.filters:
            self._subscribers.discard(each, client)

    def _remove(self, client: Client) -> None:
        if client in self._clients:
            self._clients.discard(client)
            self._unsubscribe(client)

    def _channels(self, client: Client) -> set[str]:
        """Return the known channels that ``client`` subscribed to."""
        known = {update.channel for update in self._newest.updates(client.host)}
        matching = self._subscribers.matching
        return {each for each in known if any(client in items for items in matching(each))}

    def _greet(self, client: Client, channels: Collection[str]) -> None:
        updates = self._newest.updates(client.host)
        client.greet([update.frame_with_age for update in updates if update.channel in channels])
