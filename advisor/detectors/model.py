"""The classes that all detectors share: ``Kind``, ``Detector`` and ``Ledger``."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Protocol

from advisor.findings import Evidence, Expected, Finding, Severity, State
from advisor.readings import Reading

MINUTE = 60_000  # milliseconds
DEFAULTS: Mapping[str, float] = MappingProxyType({})  # all thresholds have their default values
REFRESH = 10 * MINUTE  # how often an unchanged finding is returned with newer numbers
LONGEST_STEP = 65.0  # seconds: a reading is assumed to hold for at most this long


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding, as the documentation describes it.

    ``rule`` describes when a finding begins and ends. ``not_reported`` lists what must not cause a
    finding. ``limits`` describes what the detector cannot detect, and what it might report wrongly.
    ``sources`` says where the thresholds come from. Each line of these texts is a list item;
    a line that begins with a dash is nested in the item above it.
    """

    name: str
    help: str
    rule: str
    not_reported: str
    limits: str
    sources: str


class Detector(Protocol):
    """Detects one kind of finding on one host. Pure.

    A detector's memory use has a limit, which depends on how many devices the host has.
    ``feed`` receives only readings whose family is in ``families``.
    """

    kind: ClassVar[Kind]
    families: ClassVar[Collection[str]]

    def __init__(self, thresholds: Mapping[str, float] = DEFAULTS) -> None:
        """Start with no readings; ``thresholds`` overrides the defaults."""

    def feed(self, reading: Reading) -> Iterable[Finding]:
        """Return the findings that begin, end or become more severe with ``reading``.

        An active finding is returned again every ten minutes, with newer numbers.
        """

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """Forget ``subject``, which is no longer read, and end its finding."""


@dataclass(slots=True)
class Ledger:
    """The active findings of one detector, keyed by subject."""

    kind: str
    _active: dict[str, Finding] = field(default_factory=dict)
    _returned: dict[str, int] = field(default_factory=dict)  # when each finding was last returned

    def __contains__(self, subject: object) -> bool:
        """Return whether a finding about ``subject`` is active."""
        return subject in self._active

    def subjects(self) -> list[str]:
        """Return the subjects of the active findings."""
        return list(self._active)

    def is_recent(self, subject: str, severity: Severity, now: int) -> bool:
        """Return whether a finding of at least this severity was reported in the last minute."""
        before = self._active.get(subject)
        return (
            before is not None
            and before.severity.level >= severity.level
            and now - before.timestamp < MINUTE
        )

    def report(
        self,
        reading: Reading,
        subject: str,
        severity: Severity,
        summary: str,
        evidence: Evidence,
        *,
        advice: str,
        expected: Expected | None = None,
    ) -> Iterable[Finding]:
        """Begin or update the finding about ``subject``.

        Return the finding if it is new, has become more severe, or was last returned at least
        10 min ago. An active finding's severity never falls, so it cannot flap.
        """
        before = self._active.get(subject)
        if before and before.severity.level > severity.level:
            severity = before.severity
        finding = Finding(
            reading.host,
            self.kind,
            subject,
            State.ACTIVE,
            severity,
            before.since if before else evidence.start,
            reading.timestamp,
            summary,
            evidence,
            expected,
            advice,
        )
        self._active[subject] = finding
        is_update = before is not None and before.severity is severity
        if is_update and reading.timestamp - self._returned.get(subject, 0) < REFRESH:
            return []
        self._returned[subject] = reading.timestamp
        return [replace(finding, is_update=is_update)]

    def end(self, subject: str, timestamp: int) -> Iterable[Finding]:
        """End the finding about ``subject``, if there is one."""
        self._returned.pop(subject, None)
        finding = self._active.pop(subject, None)
        return [finding.over(timestamp)] if finding else []
