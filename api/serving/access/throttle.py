"""Failed tries are slowed down; who has the token never waits."""

import ipaddress
import logging
import time
from asyncio import sleep
from collections import OrderedDict
from dataclasses import dataclass

log = logging.getLogger(__name__)

FORGOTTEN_AFTER_SECONDS = 600.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4.0
_MOST_ADDRESSES = 1024
_MOST_WAITING = 64
_MOST_WAITING_OF_ONE = 4
_SECONDS_BETWEEN_WARNINGS = 60.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    latest: float = 0.0
    waiting: int = 0


class Throttle:
    """Makes each wrong token of an address cost more time, up to 4 s, until it pauses for 10 min.

    It never looks at who is right, so that nobody can lock out others. A client that tries many at
    once is told to come back later. At most 1024 addresses are remembered (of IPv6 their /64), and
    at most 64 answers wait.
    """

    def __init__(self) -> None:
        """Have seen no failure."""
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._waiting = 0
        self._untold = 0
        self._told = -_SECONDS_BETWEEN_WARNINGS

    async def punish(self, address: str) -> int | None:
        """Wait as long as the failures of ``address`` demand, this one included.

        Returns at once, with the seconds to come back after, where too many wait already.
        """
        record = self._note(_network(address))
        self._tell(address)
        pause = min(
            _FIRST_PAUSE_SECONDS * 2.0 ** min(record.failures - 1, 10), _LONGEST_PAUSE_SECONDS
        )
        if record.waiting >= _MOST_WAITING_OF_ONE or self._waiting >= _MOST_WAITING:
            return int(_LONGEST_PAUSE_SECONDS)
        record.waiting += 1
        self._waiting += 1
        try:
            await sleep(pause)
        finally:
            record.waiting -= 1
            self._waiting -= 1
        return None

    def _tell(self, address: str) -> None:
        self._untold += 1
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN_WARNINGS:
            log.warning("Wrong tokens: %d, the latest from %s.", self._untold, address)
            self._told, self._untold = now, 0

    def _note(self, network: str) -> _Record:
        now = time.monotonic()
        record = self._records.pop(network, None)
        if record is None or now - record.latest > FORGOTTEN_AFTER_SECONDS:
            record = _Record()
        record.failures += 1
        record.latest = now
        self._records[network] = record
        if len(self._records) > _MOST_ADDRESSES:
            self._records.popitem(last=False)
        return record


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped is not None:  # noqa: PLR2004 - the version
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))
