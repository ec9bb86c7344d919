"""Decides which findings and runs are reported in notices, and writes the notices. Pure."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from advisor.findings import Severity
from advisor.notices.wording import plain, run_text
from telemetry.catalogue import FINDING, RUN, family_of
from telemetry.events import Event
from telemetry.runs import failure_of, may_have_failed


class Grade(StrEnum):
    """The importance of a notice, in ascending order. Apprise uses the same names."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"

    @property
    def level(self) -> int:
        """The grade's rank; the least important grade has rank 0."""
        return list(Grade).index(self)


_GRADES = {
    Severity.INFO: Grade.INFO,
    Severity.WARNING: Grade.WARNING,
    Severity.CRITICAL: Grade.FAILURE,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to send.

    ``key`` identifies the notice, even after a restart. ``thing`` identifies what the notice is
    about: a run, or a kind of finding and its subject. An ``urgent`` notice is also sent during
    quiet hours.
    """

    key: str
    thing: str
    grade: Grade
    urgent: bool
    headline: str
    text: str
    event: Event


@dataclass(frozen=True, slots=True)
class Rules:
    """Which findings and ended runs are reported.

    Findings are reported if their severity is at least ``severity``. ``runs`` selects the ended
    runs: ``all``, ``failed`` (only runs that failed or might have failed) or ``none``.
    """

    severity: str = Severity.WARNING
    runs: str = "all"

    def notice_of(self, event: Event) -> Notice | None:
        """Return the notice about the finding or run in ``event``; None if it is not reported."""
        family = family_of(event.channel)
        if family is FINDING:
            return self._finding(event)
        return self._run(event) if family is RUN else None

    def _finding(self, event: Event) -> Notice | None:
        values = event.values
        severity = Severity(str(values["severity"]))
        if severity.level < Severity(self.severity).level:
            return None
        over = values["state"] == "over"
        head = "Over" if over else str(severity).capitalize()
        kind = str(values["kind"]).replace("_", " ")
        text, advice = str(values["summary"]), str(values["advice"])
        if advice and not over:
            text = f"{text.rstrip('.')}. {advice}"
        return _notice(
            event,
            Grade.SUCCESS if over else _GRADES[severity],
            f"{head}: {kind}",
            text,
            urgent=severity is Severity.CRITICAL,
        )

    def _run(self, event: Event) -> Notice | None:
        if event.values["ended"] is None:
            return None
        bad = may_have_failed(event.values)
        if self.runs == "none" or (self.runs == "failed" and not bad):
            return None
        failure = failure_of(event.values)
        head, grade = "Run ended", Grade.SUCCESS
        if failure is not None:
            head, grade = f"Run failed ({failure})", Grade.FAILURE
        elif bad:
            head, grade = "Run ended (exit code not known)", Grade.WARNING
        text = run_text(event.values)
        return _notice(event, grade, f"{head}: {event.values['name']}", text, urgent=False)


def trial_notice(host: str, timestamp: int) -> Notice:
    """Return a notice about a made-up finding, to test whether notices arrive."""
    values: dict[str, object] = {
        "kind": "test",
        "subject": "host",
        "state": "active",
        "severity": "info",
        "since": timestamp,
        "summary": "This is a test of System Monitor's notices.",
        "evidence": {"start": timestamp, "end": timestamp, "numbers": {}},
        "expected": None,
        "advice": "Nothing is wrong.",
    }
    event = Event(FINDING.channel.format(**values), f"test-{timestamp}", timestamp, host, values)
    text = f"{values['summary']} {values['advice']}"
    return _notice(event, Grade.INFO, "Test", text, urgent=True)


def _notice(event: Event, grade: Grade, headline: str, text: str, *, urgent: bool) -> Notice:
    place = (event.host, event.channel)
    return Notice(
        _digest(*place, event.id),
        _digest(*place),
        grade,
        urgent,
        plain(f"{headline} on {event.host}" if event.host else headline),
        plain(text),
        event,
    )


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
