"""Compares findings with the truth."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from advisor.findings import Finding, Severity, State
from tests.benchmarks.corpus.jobs import EPOCH, Truth

LATE = 120.0  # seconds after the end of a trouble in which it may still be reported


@dataclass
class Result:
    """What was right and wrong about one kind."""

    right: int = 0
    false: int = 0
    missed: int = 0
    alarms: int = 0  # false ones of at least a warning, in harmless recordings
    left: list[float] = field(default_factory=list)  # share of the time from onset to the end
    held: list[bool] = field(default_factory=list)  # whether the interval contained the end
    width: list[float] = field(default_factory=list)  # of the interval, relative to the time left

    def row(self, kind: str, harmless_hours: float) -> str:
        """Return the row of the table."""
        precision = self.right / max(1, self.right + self.false)
        recall = self.right / max(1, self.right + self.missed)
        left = held = width = ""
        if len(self.left) > 1:
            left = f"{median(self.left):.2f} / {quantiles(self.left, n=10)[0]:.2f}"
            held, width = f"{sum(self.held) / len(self.held):.2f}", f"{median(self.width):.2f}"
        alarms = f"{1000 * self.alarms / harmless_hours:.2f}" if harmless_hours else ""
        counts = f"{self.right} | {self.false} | {self.missed}"
        return (
            f"| `{kind}` | {counts} | {precision:.3f} | {recall:.3f} | {left} | {held} | {width} "
            f"| {alarms} |"
        )


HEAD = (
    "| kind | right | false | missed | precision | recall | time left: median / 9 of 10 "
    "| interval right | its width | false alarms / 1,000 h |\n" + "| --- " * 10 + "|"
)


class Judge:
    """Adds up the results of every recording, by kind."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.results: defaultdict[str, Result] = defaultdict(Result)

    def add(self, found: Sequence[Finding], truths: Sequence[Truth]) -> list[str]:
        """Compare the findings of a recording with the truths; return what is wrong."""
        wrong = []
        left = list(truths)
        for finding in beginnings(found):
            at = (finding.timestamp - EPOCH) / 1000
            result = self.results[finding.kind]
            truth = next((each for each in truths if _is_about(finding, at, each)), None)
            if truth is None:
                wrong.append(f"false: {at:.0f} s {finding.severity} {finding.summary}")
                result.false += 1
                result.alarms += not truths and finding.severity is not Severity.INFO
            elif truth in left:
                left.remove(truth)
                result.right += 1
                _note_times(finding, at, truth, result)
        for truth in left:
            wrong.append(f"missed: {truth}")
            self.results[truth.kind].missed += 1
        return wrong


def beginnings(found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield each finding as it began, without those that only became more severe."""
    active = set()
    for finding in found:
        key = finding.kind, finding.subject
        if finding.state is State.OVER:
            active.discard(key)
        elif key not in active:
            active.add(key)
            yield finding


def _is_about(finding: Finding, at: float, truth: Truth) -> bool:
    same = (finding.kind, finding.subject) == (truth.kind, truth.subject)
    return same and truth.onset <= at <= truth.end + LATE


def _note_times(finding: Finding, at: float, truth: Truth, result: Result) -> None:
    if finding.expected is None:
        return
    expected, end = finding.expected, EPOCH + truth.end * 1000
    result.left.append((truth.end - at) / (truth.end - truth.onset))
    result.held.append(expected.earliest <= end <= expected.latest)
    span = expected.latest - expected.earliest
    result.width.append(span / max(expected.likely - finding.timestamp, 1))
