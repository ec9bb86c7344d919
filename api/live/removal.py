"""The removal of a value: a client publishes an empty payload to delete a retained message."""

import json
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Removal:
    """The newest value of ``channel`` of ``host`` no longer exists.

    An empty ``host`` stands for every host: an empty payload names no host, and the topic does not
    have to name a host.
    """

    host: str
    channel: str

    @property
    def is_event(self) -> bool:
        """Whether this is an event; always False."""
        return False

    @cached_property
    def frame(self) -> str:
        """The JSON for WebSocket clients."""
        body = {"channel": self.channel, "event": "removed", "data": {"host": self.host}}
        return json.dumps(body, separators=(",", ":"))
