"""An event reports something that happened at one moment.

States are published as events too: the event's timestamp is when the state last changed. The end of
a state is another event. Its id is that of the event that began the state, followed by ``END``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

MAX_EVENT_BYTES = 8_192  # enough for a text of 1,000 characters, even if all are escaped in JSON
MAX_STATE_BYTES = 32_768
END = ".end"


@dataclass(frozen=True, slots=True)
class Event:
    """One event on ``channel``.

    ``id`` identifies the event on its channel and host: if an event with the same id is published
    again, the history stores no second event. ``timestamp`` is Unix time in integer milliseconds.
    ``host`` is None if the event concerns no particular host. ``values`` are the payload's other
    fields.
    """

    channel: str
    id: str
    timestamp: int
    host: str | None
    values: Mapping[str, object]

    @property
    def is_end(self) -> bool:
        """Whether this event is the end of a state."""
        return self.id.endswith(END)

    def body(self) -> dict[str, object]:
        """Return the fields of the payload."""
        return {"id": self.id, "timestamp": self.timestamp, "host": self.host, **self.values}

    def payload(self) -> bytes:
        """Return the JSON to publish on the bus."""
        return json.dumps(self.body(), separators=(",", ":"), allow_nan=False).encode()


def content_id(channel: str, timestamp: int, host: str | None, values: Mapping[str, object]) -> str:
    """Return an id for an event that was published without an id: a digest of its content."""
    content = json.dumps([channel, timestamp, host, values], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
