"""An event: something that happened at one moment, as it travels through the pipeline.

A state travels as an event too: its timestamp is the moment at which it last changed. Its end is an
event whose id is that of its beginning, followed by ``END``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

MAX_EVENT_BYTES = 8_192  # fits a text of 1,000 characters, however it is escaped
MAX_STATE_BYTES = 32_768
END = ".end"


@dataclass(frozen=True, slots=True)
class Event:
    """One event on ``channel``.

    ``id`` identifies the event: it is stored once, with its newest values. ``timestamp`` is Unix
    time in integer milliseconds. ``host`` is None if the event concerns no particular host.
    ``values`` are the payload's other fields.
    """

    channel: str
    id: str
    timestamp: int
    host: str | None
    values: Mapping[str, object]

    @property
    def is_end(self) -> bool:
        """Whether this is the end of a state."""
        return self.id.endswith(END)

    def body(self) -> dict[str, object]:
        """Return the fields of the payload."""
        return {"id": self.id, "timestamp": self.timestamp, "host": self.host, **self.values}

    def payload(self) -> bytes:
        """Return the JSON that travels on the bus."""
        return json.dumps(self.body(), separators=(",", ":"), allow_nan=False).encode()


def content_id(channel: str, timestamp: int, host: str | None, values: Mapping[str, object]) -> str:
    """Return the ID for an event that has none: a digest of its contents."""
    content = json.dumps([channel, timestamp, host, values], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
