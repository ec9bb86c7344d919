"""Sends each update to the WebSocket clients that subscribed to its channel."""

from collections.abc import Collection, Iterable

from api.fair_share import FairShare
from api.live.client import TOO_MANY, TOO_SLOW, Client
from api.live.filters import FilterTree
from api.live.frames import Greeting, Text
from api.live.newest import Newest, Update
from api.live.removal import Removal

MAX_CLIENTS = 1024


class Hub:
    """The connected clients. No method waits for a client.

    Use a hub only in the event loop's thread. If a client joins while ``max_clients`` are
    connected, a client from the network with the most clients is dropped.
    ``replaced_clients`` counts the clients dropped for this reason, and ``slow_clients`` those
    dropped because they read too slowly.
    """

    def __init__(self, newest: Newest) -> None:
        """Start without clients. ``newest`` has the values to send to each new client."""
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
        """Send ``client`` the newest values that match its filters, then each matching update.

        If there are then too many clients, drop ``client`` or another client.
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
        if client.dropped == TOO_SLOW:
            self.slow_clients += 1

    def change(self, client: Client, filters: Iterable[str], acknowledgement: str) -> None:
        """Send ``acknowledgement``, replace the filters, and send the values of added channels."""
        client.offer(Text(acknowledgement))
        if client not in self._clients:
            return  # the client was dropped
        previous = self._channels(client)
        self._unsubscribe(client)
        self._subscribe(client, filters)
        self._greet(client, self._channels(client) - previous)

    def publish(self, update: Update | Removal) -> None:
        """Send ``update`` to each client whose filters and host match it."""
        if not self._clients:
            return
        hosts, for_all = (None, update.host), update.is_event and not update.host
        matching = set[Client]().union(*self._subscribers.matching(update.channel))
        clients = [each for each in matching if for_all or each.host in hosts]
        if not clients:
            return
        frame = Text(update.frame)
        for client in clients:
            client.offer(frame)
            if client.dropped is not None:
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
        """Return the channels that ``client`` subscribed to and that have a value."""
        known = {update.channel for update in self._newest.updates(client.host)}
        matching = self._subscribers.matching
        return {each for each in known if any(client in items for items in matching(each))}

    def _greet(self, client: Client, channels: Collection[str]) -> None:
        updates = self._newest.updates(client.host)
        client.greet([Greeting(each) for each in updates if each.channel in channels])
