"""Keeps the recent messages of selected hosts in memory."""

import json
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from telemetry.catalogue import ANNOTATION
from telemetry.recording.lines import line_of


class Moment(NamedTuple):
    """A message; ``line`` is its line in a recording.

    ``arrived`` is in monotonic seconds, ``timestamp`` in Unix milliseconds. ``kills`` counts the
    processes that the kernel has killed because memory ran out; it is None if the message lacks
    this count.
    """

    arrived: float
    timestamp: int
    line: bytes
    kills: int | None = None


class Buffer:
    """Keeps the newest messages of each host, up to ``limit`` bytes in total.

    A message is discarded once it is more than ``seconds`` older than the newest message of its
    host. Each host has an equal share of the bytes, so if a host sends large messages, only its own
    messages are kept for a shorter time. Not thread-safe.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        """Start with no hosts."""
        self._seconds = seconds
        self._limit = limit
        self._hosts: dict[str, deque[Moment]] = {}
        self._sizes: dict[str, int] = {}

    @property
    def size(self) -> int:
        """The number of bytes kept."""
        return sum(self._sizes.values())

    def keep(self, hosts: Collection[str]) -> None:
        """Keep the messages of ``hosts`` from now on; discard those of all other hosts."""
        for host in self._hosts.keys() - hosts:
            del self._hosts[host], self._sizes[host]
        for host in hosts:
            self._hosts.setdefault(host, deque())
            self._sizes.setdefault(host, 0)
        for host in hosts:  # now that the share of each host is known
            self._trim(host)

    def keeps(self, host: str) -> bool:
        """Return whether messages of ``host`` are kept."""
        return host in self._hosts

    def covers(self, host: str, timestamp: int) -> bool:
        """Return whether the kept messages of ``host`` reach back to ``timestamp``."""
        moments = self._hosts.get(host)
        return moments is not None and len(moments) > 0 and moments[0].timestamp <= timestamp

    def append(self, host: str, moment: Moment) -> None:
        """Add a message of ``host``; ``keeps(host)`` must be true."""
        self._hosts[host].append(moment)
        self._sizes[host] += len(moment.line)
        self._trim(host)

    def newest(self, host: str) -> float | None:
        """Return the arrival time of the newest message of ``host``; None if no message is kept."""
        moments = self._hosts.get(host)
        return moments[-1].arrived if moments else None

    def last(self, host: str, seconds: float) -> list[Moment]:
        """Return the newest message of ``host``, and all messages up to ``seconds`` older."""
        newest = self.newest(host)
        if newest is None:
            return []
        return [each for each in self._hosts[host] if each.arrived >= newest - seconds]

    def _trim(self, host: str) -> None:
        moments, share = self._hosts[host], self._limit // len(self._hosts)
        while moments and (
            self._sizes[host] > share or moments[0].arrived < moments[-1].arrived - self._seconds
        ):
            self._sizes[host] -= len(moments.popleft().line)


def noted(moments: Collection[Moment], topic: str, host: str, run: str) -> Iterator[bytes]:
    """Yield the lines of ``moments``, with an annotation wherever the kernel killed processes.

    Each annotation is a message on ``topic`` that names ``host`` and ``run``.
    """
    before: int | None = None
    for moment in moments:
        yield moment.line
        if moment.kills is None:
            continue
        if before is not None and moment.kills > before:
            yield line_of(topic, _note(moment, moment.kills - before, host, run))
        before = moment.kills


def _note(moment: Moment, kills: int, host: str, run: str) -> bytes:
    processes = "a process" if kills == 1 else f"{kills} processes"
    body: dict[str, object] = {
        "text": f"The kernel killed {processes} because memory ran out.",
        "tags": ["oom_kill"],
        "run": run,
        "timestamp": moment.timestamp,
        "host": host,
    }
    unknown = body.keys() - {field.name for field in ANNOTATION.fields} - {"timestamp", "host"}
    assert not unknown  # noqa: S101 - an annotation has all fields above
    return json.dumps(body, separators=(",", ":")).encode()
