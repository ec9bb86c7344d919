"""A finding: a problem that a user should know about, with its evidence."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from telemetry.catalogue import FINDING
from telemetry.events import Event

_LONGEST = 1000  # characters of a text; the catalogue has the same limit
_INVALID = re.compile(r"[^A-Za-z0-9_.-]")  # not allowed in a subject by the catalogue


class State(StrEnum):
    """Whether the problem that a finding reports still exists."""

    ACTIVE = "active"
    OVER = "over"


class Severity(StrEnum):
    """How much a finding matters.

    ``critical``: a run or the machine is failing or about to fail. ``warning``: a run or the
    machine might fail later, or GPU hours are wasted. ``info``: worth knowing.
    """

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def level(self) -> int:
        """The rank of the severity, from 0 for the least severe."""
        return _LEVELS[self]


_LEVELS = {severity: level for level, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers that support a finding, by name.

    The numbers cover the time from ``start`` to ``end``, in Unix milliseconds.
    """

    start: int
    end: int
    numbers: Mapping[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """When a finding's predicted event is expected, in Unix milliseconds."""

    earliest: int
    likely: int
    latest: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector reports about one ``subject`` of ``host``.

    ``since`` is when the problem began. ``timestamp`` is when the problem was last found or, if the
    finding is over, when the problem ended. Both are in Unix milliseconds, taken from the readings.
    ``summary`` is one sentence with numbers; ``advice`` describes what to do. ``is_update`` is true
    if only the numbers have changed since the finding was last returned.
    """

    host: str
    kind: str
    subject: str
    state: State
    severity: Severity
    since: int
    timestamp: int
    summary: str
    evidence: Evidence
    expected: Expected | None
    advice: str
    is_update: bool = field(default=False, compare=False)

    def over(self, timestamp: int) -> "Finding":
        """Return this finding with the state ``over``, to report that it ended at ``timestamp``."""
        minutes = max(1, round((timestamp - self.since) / 60_000))
        return replace(
            self,
            state=State.OVER,
            timestamp=timestamp,
            is_update=False,
            summary=f"Over after {minutes} min: {self.summary}",
            expected=None,
        )

    @property
    def channel(self) -> str:
        """The finding's channel, with any invalid characters replaced."""
        return FINDING.channel.format(kind=self.kind, subject=_INVALID.sub("_", self.subject)[:64])

    @property
    def identity(self) -> str:
        """The ID of the event that begins the finding.

        Advisors with the same settings and readings compute the same ID. Later events of the
        finding append a dot and a word to this ID, so the ID must not contain a dot.
        """
        return hashlib.sha256(f"{self.channel} {self.since}".encode()).hexdigest()[:24]

    def event(self, identity: str) -> Event:
        """Return the event that reports this finding and has the ID ``identity``."""
        values = self.body()
        for name in ("host", "timestamp"):
            del values[name]
        values["subject"] = self.channel.rpartition("/")[2]
        values |= {name: str(values[name])[:_LONGEST] for name in ("summary", "advice")}
        return Event(self.channel, identity, self.timestamp, self.host, values)

    @classmethod
    def of(cls, event: Event) -> "Finding":
        """Return the finding that a valid ``event`` reports."""
        values: dict[str, Any] = {**event.values}
        evidence, expected = values["evidence"], values["expected"]
        numbers = {name: Measure(**each) for name, each in evidence["numbers"].items()}
        values |= {
            "state": State(values["state"]),
            "severity": Severity(values["severity"]),
            "evidence": Evidence(evidence["start"], evidence["end"], numbers),
            "expected": None if expected is None else Expected(**expected),
        }
        return cls(host=event.host or "", timestamp=event.timestamp, **values)

    def body(self) -> dict[str, object]:
        """Return the fields to publish, as JSON types."""
        fields = asdict(self)
        del fields["is_update"]
        return fields
