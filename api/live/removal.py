"""The removal of a value: MQTT deletes a retained message with an empty payload."""

import json
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Removal:
    """The newest value of ``channel`` of ``host`` no longer exists.

    An empty ``host`` stands for every host: an empty payload names no host, and a topic may not
    name one either.
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
