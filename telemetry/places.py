"""Limits how many hosts, channels or devices are tracked, because clients can invent names."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet

from telemetry.limits import SILENT_SECONDS

_NEVER = float("-inf")


def _nothing(_: str) -> None:
    pass


class Places:
    """Tracks at most ``limit`` names of hosts, channels or devices. Not thread-safe.

    A name is silent if no live message has contained it in the last two minutes. So a name that
    is known only from retained messages is silent from the start. Once ``limit`` names are
    tracked, a live message with a new name evicts a silent name. If no name is silent, or if the
    message is retained, the new name is not tracked.
    """

    def __init__(
        self,
        limit: int,
        evict: Callable[[str], object] = _nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start empty. ``evict`` is called with each evicted name; ``clock`` returns seconds."""
        self._limit = limit
        self._evict = evict
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()  # the longest silent is first

    def claim(self, names: AbstractSet[str], *, live: bool) -> bool:
        """Track ``names`` and return True; if there is no room, change nothing and return False."""
        seen = self._seen
        if not (names <= seen.keys() or self._has_room(names, live=live)):
            return False
        if live:
            now = self._clock()
            for name in names:
                seen[name] = now
                seen.move_to_end(name)
        else:
            for name in names:
                if name not in seen:
                    seen[name] = _NEVER
                    seen.move_to_end(name, last=False)
        return True

    def _has_room(self, names: AbstractSet[str], *, live: bool) -> bool:
        """Return whether there is room for ``names``.

        If ``live``, silent names are evicted when that makes enough room.
        """
        missing = len(self._seen) + sum(name not in self._seen for name in names) - self._limit
        if missing > 0:
            silent = self._silent(missing, names) if live else []
            if len(silent) < missing:
                return False
            self._evict_all(silent)
        return True

    def evict_silent(self, keep: str) -> bool:
        """Evict the name, other than ``keep``, that has been silent the longest.

        Return False if no other name is silent.
        """
        silent = self._silent(1, (keep,))
        self._evict_all(silent)
        return bool(silent)

    def release(self, name: str) -> None:
        """Remove ``name`` if it is tracked."""
        self._seen.pop(name, None)

    def _evict_all(self, names: Collection[str]) -> None:
        for name in names:
            self.release(name)
            self._evict(name)

    def _silent(self, count: int, keep: Collection[str]) -> list[str]:
        """Return up to ``count`` silent names that are not in ``keep``, longest silent first."""
        found: list[str] = []
        latest = self._clock() - SILENT_SECONDS
        for name, seen in self._seen.items():
            if seen > latest or len(found) == count:
                break
            if name not in keep:
                found.append(name)
        return found
