"""The removal of a value, for example by an empty MQTT payload."""

import json
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)  # without slots, so that the frame can be cached
class Removal:
    """The newest value of ``channel`` of ``host`` no longer exists.

    An empty payload cannot name a host. If the topic does not contain the host's name either,
    ``host`` is empty, and the value is removed from every host.
    """

    host: str
    channel: str

    @property
    def is_event(self) -> bool:
        """Whether this is an event; always False."""
        return False

    @cached_property
    def frame(self) -> str:
        """The removal as JSON for WebSocket clients."""
        body = {"channel": self.channel, "event": "removed", "data": {"host": self.host}}
        return json.dumps(body, separators=(",", ":"))
