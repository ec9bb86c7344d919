"""A sample: the result of one reading of one channel, as it travels through the pipeline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

MAX_PAYLOAD_BYTES = 262_144  # 256 cores and as many disks take about 20 kB


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of ``channel`` on ``host``.

    ``timestamp`` is Unix time in integer milliseconds, at the time of the reading.
    ``values`` are the payload's other fields. (host, channel, timestamp) is its identity: the same
    sample delivered twice is stored once.
    """

    channel: str
    host: str
    timestamp: int
    values: Mapping[str, object]

    def payload(self) -> bytes:
        """Return the JSON that travels on the bus."""
        body = {"host": self.host, "timestamp": self.timestamp, **self.values}
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
