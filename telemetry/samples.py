"""A sample: the result of one reading of one channel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_PAYLOAD_BYTES = 131_072  # 1,024 network interfaces take about 60 kB; 256 cores, 2 kB
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of ``channel`` on ``host``.

    ``timestamp`` is when the reading began, in integer Unix milliseconds.
    ``values`` are the payload's other fields. (host, channel, timestamp) identifies a sample: a
    sample that is delivered twice is stored once. A ``late`` sample was published after a newer
    sample: it is stored in the history, but does not become the current state.
    """

    channel: str
    host: str
    timestamp: int
    values: Mapping[str, object]
    late: bool = field(default=False, compare=False)

    def payload(self) -> bytes:
        """Return the JSON that is published for this sample."""
        body = {"host": self.host, "timestamp": self.timestamp, **self.values}
        return _JSON.encode(body).encode()


def late(payload: bytes) -> bytes:
    """Return the ``payload`` of a sample, marked as published after a newer sample."""
    return b'{"late":true,' + payload.removeprefix(b"{")
