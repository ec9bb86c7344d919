"""The payload of ``system/status``: whether a collector is online, and its sensors' states."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

LONGEST_INTERVAL = 60.0  # seconds between two samples
STATUS_SECONDS = 10.0  # between two status messages of a collector
STALE_INTERVALS = 3  # a sample older than this many intervals is stale
_DECODING = {"allow_inf_nan": False}  # reject NaN and infinity, which JSON cannot contain


class CollectorState(StrEnum):
    """Whether a collector is running.

    A collector publishes ``offline`` when it stops. If the collector disappears, the broker
    publishes the collector's last will, which also reports ``offline``.
    """

    ONLINE = "online"
    OFFLINE = "offline"


class SensorState(StrEnum):
    """The state of a sensor.

    ``absent``: the host lacks the hardware or the driver that the sensor needs. ``failing``: the
    sensor cannot be opened, or the latest reading failed. ``hanging``: a reading has not returned
    for several seconds.
    """

    STARTING = "starting"
    OK = "ok"
    ABSENT = "absent"
    FAILING = "failing"
    HANGING = "hanging"


@dataclass(frozen=True, slots=True)
class SensorReport:
    """The part of a collector's status that describes one sensor.

    ``reason`` explains the state, and ``description`` says what the sensor reads.

    ``duration_ms`` is the duration of the newest reading in milliseconds. ``failures`` counts
    the failed readings since the collector started. ``missed_ticks`` counts the readings that were
    skipped, for example because the previous reading had not returned. ``details`` are facts such
    as the driver version.
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

    ``timestamp`` and ``started`` are in Unix milliseconds, and ``interval`` is in seconds.
    ``waiting`` counts the samples and other messages not yet sent to the broker.
    ``dropped`` counts the messages that were discarded, for example because the buffer was full.

    ``last_will`` is true if the broker publishes this status because the collector has disappeared.
    The collector creates its last will when it starts, and cannot know when the broker will publish
    it. The ``timestamp`` of a last will is therefore the time at which the collector started.
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
        """Return the status as JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()
