"""A finding: something a user should know, with its evidence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum


class State(StrEnum):
    """Whether a finding still holds."""

    ACTIVE = "active"
    OVER = "over"


class Severity(StrEnum):
    """How much a finding matters.

    ``critical``: a run or the machine fails, or is about to. ``warning``: it will fail later, or
    GPU hours are lost. ``info``: worth knowing.
    """

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def level(self) -> int:
        """The rank: 0 for the least severe."""
        return _LEVELS[self]


_LEVELS = {severity: level for level, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers by name, and the span that shows them, in Unix milliseconds."""

    start: int
    end: int
    numbers: Mapping[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """The time of the event that a finding warns of, in Unix milliseconds."""

    earliest: int
    likely: int
    latest: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector reports about one ``subject`` of ``host``.

    ``since`` and ``timestamp`` are Unix milliseconds, taken from the samples: it began at
    ``since``, and was found at ``timestamp``. ``summary`` is one sentence with numbers, ``advice``
    says what to do.
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

    def over(self, timestamp: int) -> "Finding":
        """Return the finding that ends this one at ``timestamp``."""
        minutes = max(1, round((timestamp - self.since) / 60_000))
        return replace(
            self,
            state=State.OVER,
            timestamp=timestamp,
            summary=f"Over after {minutes} min: {self.summary}",
            expected=None,
        )

    def body(self) -> dict[str, object]:
        """Return the fields as they travel, in JSON's types."""
        return asdict(self)
