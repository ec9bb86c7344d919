"""``system/status``: whether a collector is there, and how each of its sensors fares."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

_DECODING = {"allow_inf_nan": False}  # reject values that JSON cannot represent


class CollectorState(StrEnum):
    """Whether a host's collector runs; its last will is ``offline``."""

    ONLINE = "online"
    OFFLINE = "offline"


class SensorState(StrEnum):
    """How a sensor fares.

    ``absent``: there is nothing of this kind here. ``failing``: the newest reading failed.
    ``hanging``: a reading has not returned for seconds.
    """

    STARTING = "starting"
    OK = "ok"
    ABSENT = "absent"
    FAILING = "failing"
    HANGING = "hanging"


@dataclass(frozen=True, slots=True)
class SensorReport:
    """One sensor: what it reads, why it does not, and what its newest reading cost.

    ``duration_ms`` is the newest reading's time in milliseconds. ``failures`` and ``missed_ticks``
    count since the collector started. ``details`` are facts such as a driver's version.
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

    ``timestamp`` and ``started`` are Unix milliseconds, ``interval`` is in seconds. ``waiting``
    samples have not been sent yet; ``dropped`` ones exceeded the buffer.
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

    def payload(self) -> bytes:
        """Return the JSON that travels on the bus."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()
