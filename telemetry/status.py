"""``system/status``: whether a collector is online, and the state of each of its sensors."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

LONGEST_INTERVAL = 60.0  # seconds between two samples
STATUS_SECONDS = 10.0  # between two messages of a collector's status
STALE_INTERVALS = 3  # without a newer sample, after which a sample is stale
_DECODING = {"allow_inf_nan": False}  # NaN and infinity cannot be encoded as JSON again


class CollectorState(StrEnum):
    """Whether a host's collector runs. A collector's last will reports ``offline``."""

    ONLINE = "online"
    OFFLINE = "offline"


class SensorState(StrEnum):
    """The state of a sensor.

    ``absent``: this host has no such hardware or driver. ``failing``: the newest reading failed.
    ``hanging``: a reading has not returned for several seconds.
    """

    STARTING = "starting"
    OK = "ok"
    ABSENT = "absent"
    FAILING = "failing"
    HANGING = "hanging"


@dataclass(frozen=True, slots=True)
class SensorReport:
    """One sensor: its state and the reason, what it reads, and how long a reading takes.

    ``duration_ms`` is the duration of the newest reading in milliseconds. ``failures`` and
    ``missed_ticks`` count from the collector's start. ``details`` are facts such as the driver
    version.
    """

    __pydantic_config__ = _DECODING

    state: SensorState
    reason: str | None = None
    description: str | None = None
    duration_ms: float | None = None
    failures: int = 0
    missed_ticks: int = 0
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """The payload of ``system/status``.

    ``last_will`` is set if the broker publishes the status for a collector that has disappeared.
    Its ``timestamp`` is then the collector's start, because the time of its publication is not
    known beforehand. ``timestamp`` and ``started`` are in Unix milliseconds, ``interval`` is in
    seconds. ``waiting`` counts the samples that have not been sent to the broker yet; ``dropped``
    counts those that were discarded, for example because the buffer was full.
    """

    __pydantic_config__ = _DECODING

    host: str
    timestamp: int
    state: CollectorState
    version: str
    started: int
    interval: float
    sensors: Mapping[str, SensorReport] = field(default_factory=dict)
    waiting: int = 0
    dropped: int = 0
    last_will: bool = False

    def payload(self) -> bytes:
        """Return the JSON that travels on the bus."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()
