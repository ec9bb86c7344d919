"""Keeps the recent values that the sparklines show."""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence

from api.live.newest import HostState, Update
from deploy.top.text import number, share
from telemetry.catalogue import CPU, DISK, GPU, MEMORY, NETWORK, family_of

_VALUES = 240  # a sparkline in a very wide terminal shows this many
_HOSTS = 32

Key = tuple[str, str]
"""Identifies one host's series: the channel and the name of the value."""


class Series:
    """The recent values of the 32 most recently shown hosts."""

    def __init__(self) -> None:
        """Start with no values."""
        self._hosts: OrderedDict[str, dict[Key, deque[float | None]]] = OrderedDict()
        self._noted: dict[tuple[str, str], int] = {}

    def note(self, host: HostState) -> None:
        """Record the newest samples of ``host``, unless already recorded."""
        values = self._hosts.setdefault(host.name, {})
        self._hosts.move_to_end(host.name)
        for update in list(host.updates.values()):
            place = (host.name, update.channel)
            if self._noted.get(place) != update.content.timestamp:
                self._noted[place] = update.content.timestamp
                for name, value in _values(update).items():
                    kept = values.setdefault((update.channel, name), deque(maxlen=_VALUES))
                    kept.append(value)
        while len(self._hosts) > _HOSTS:
            forgotten, _ = self._hosts.popitem(last=False)
            self._noted = {key: time for key, time in self._noted.items() if key[0] != forgotten}

    def of(self, host: str, channel: str, name: str) -> Sequence[float | None]:
        """Return the recorded values, oldest first."""
        return list(self._hosts.get(host, {}).get((channel, name), ()))


def _values(update: Update) -> Mapping[str, float | None]:
    values, family = update.values, family_of(update.channel)
    if family in (GPU, CPU):
        return {"utilization": number(values.get("utilization"))}
    if family is MEMORY:
        return {"used": share(values.get("ram_used"), values.get("ram_total"))}
    if family is DISK:
        return {"total": _sum(values, "read_rate", "write_rate")}
    if family is NETWORK:
        return {"total": _sum(values, "upload_rate", "download_rate")}
    return {}


def _sum(values: Mapping[str, object], *names: str) -> float | None:
    known = [value for name in names if (value := number(values.get(name))) is not None]
    return sum(known) if known else None
