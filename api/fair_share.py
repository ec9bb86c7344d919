"""Decides which clients may stay if there are too many: each network gets a fair share."""

import ipaddress
from collections import Counter
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")


class FairShare(Generic[T]):
    """The clients in a group (its members), in the order in which they joined, with their networks.

    A network is a single IPv4 address, or the /64 prefix of an IPv6 address, because one machine
    can use all addresses of a /64.
    """

    def __init__(self) -> None:
        """Start with no members."""
        self._networks: dict[T, str] = {}

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self._networks)

    def __contains__(self, member: object) -> bool:
        """Return whether ``member`` was added and has not been removed."""
        return member in self._networks

    def has_room(self, address: str, limit: int) -> bool:
        """Return whether a client at ``address`` may join if ``limit`` members are allowed.

        Once there are ``limit`` members, the client may join only if its network would still have
        fewer members than the largest network.
        """
        if len(self) < limit:
            return True
        sizes = Counter(self._networks.values())
        return sizes[_network(address)] + 1 < max(sizes.values(), default=0)

    def add(self, member: T, address: str) -> None:
        """Add ``member``, a client at the IP address ``address`` (empty if unknown)."""
        self._networks[member] = _network(address)

    def discard(self, member: T) -> None:
        """Remove ``member`` if it is a member."""
        self._networks.pop(member, None)

    def surplus(self) -> T:
        """Return the member to remove if there is one too many.

        It is the newest member of the network with the most members, so that no network can keep
        other networks out. Raises ValueError if there are no members.
        """
        sizes = Counter(self._networks.values())
        largest = max(sizes.values())
        newest_first = reversed(self._networks.items())
        return next(member for member, network in newest_first if sizes[network] == largest)


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
