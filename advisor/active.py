"""The findings that are published as active, and the messages to publish when they change. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

from advisor.detectors.model import MINUTE
from advisor.findings import Finding, State
from telemetry.events import END, Event

# An adopted finding that no detector reports again ends after the time that its evidence covers,
# but not before PATIENCE and not after LONGEST_PATIENCE. A detector may need that much time to
# report the finding again, because the history contains no processes.
PATIENCE = 30 * MINUTE
LONGEST_PATIENCE = 360 * MINUTE
MOST_ADOPTED = 10_000  # limited, because any client can publish made-up findings


class Change(NamedTuple):
    """A message to publish: an event, or the removal of a retained message (empty ``payload``)."""

    host: str
    channel: str
    payload: bytes
    retain: bool


@dataclass(slots=True)
class _Active:
    """An active finding; see ``ActiveFindings`` for which findings are adopted.

    An adopted finding ends at ``until`` unless a detector has reported it again by then. ``until``
    is a Unix time in milliseconds, by the host's clock.
    """

    finding: Finding
    base: str  # the ID of the event that began it
    event: Event  # the event that the broker retains
    adopted: bool = False
    until: int | None = None


class ActiveFindings:
    """The active findings by host and channel.

    Findings that the advisor published before its restart are adopted: if a detector reports an
    adopted finding again, the finding keeps its ID and beginning, and does not count as new.
    """

    def __init__(self, *, shared_topics: bool) -> None:
        """Start with no findings; ``shared_topics`` is true if all hosts use the same topics."""
        self._shared = shared_topics
        self._hosts: dict[str, dict[str, _Active]] = {}
        self._ended: dict[tuple[str, str], None] = {}  # hosts and IDs, oldest first

    def by_severity(self) -> Mapping[str, int]:
        """Return the number of active findings of each severity."""
        hosts = list(self._hosts.values())  # a copy, because another thread may call this
        return Counter(str(each.finding.severity) for host in hosts for each in list(host.values()))

    def hosts(self) -> list[str]:
        """Return the hosts that have active findings."""
        return list(self._hosts)

    def adopt(self, event: Event, *, is_retained: bool) -> Iterator[Change]:
        """Adopt the finding of ``event`` if it is active and its channel has none yet.

        Once MOST_ADOPTED findings are active, no more are adopted.
        Yield an adopted finding's event as a message to publish, unless the broker still
        retains the event. If the broker still retains a finding that is over, remove it: a
        broker that was killed might have lost the removal.
        """
        finding, base = Finding.of(event), event.id.partition(".")[0]
        known = self._hosts.get(finding.host, {}).get(event.channel)
        if finding.state is State.OVER:
            self._note_end(finding.host, base)
            if known is not None and known.adopted and known.base == base:
                yield from self._remove(finding.host, event.channel)
        elif known is not None:
            return
        elif (finding.host, base) in self._ended:
            if is_retained:
                yield from self._remove(finding.host, event.channel)
        elif sum(map(len, self._hosts.values())) < MOST_ADOPTED:
            self._add(event.channel, _Active(finding, base, event, adopted=True))
            if not is_retained:
                yield _message(event, retain=True)

    def note(self, finding: Finding) -> Iterator[Change]:
        """Yield the messages to publish after a detector reports ``finding``."""
        known = self._known(finding)
        if finding.state is State.OVER:
            if known is not None:
                same = finding.since == known.finding.since
                yield from self._end(
                    known, finding if same else known.finding.over(finding.timestamp)
                )
        elif known is None:
            event = finding.event(self._new_id(finding))
            self._add(finding.channel, _Active(finding, event.id, event))
            yield _message(event, retain=True)
        elif finding.severity.level > known.finding.severity.level:
            known.finding = replace(finding, since=known.finding.since)
            known.event = known.finding.event(f"{known.base}.{finding.severity}")
            known.adopted = False
            yield _message(known.event, retain=True)
        else:
            # An adopted finding with another ``since`` is kept as it is: it has more evidence than
            # a detector that has just started.
            if finding.is_update and finding.since == known.finding.since:
                time, severity = known.event.timestamp, known.finding.severity
                known.finding = replace(finding, timestamp=time, severity=severity)
                known.event = known.finding.event(known.event.id)
                yield _message(known.event, retain=True)
            known.adopted = False

    def is_past(self, finding: Finding) -> bool:
        """Return whether ``finding`` is older than the published finding about the same subject."""
        known = self._known(finding)
        return known is not None and finding.timestamp < known.finding.timestamp

    def wait(self, host: str, now: int) -> None:
        """Give detectors time to report the adopted findings; ``now`` is the host's time."""
        for each in self._adopted(host):
            evidence = each.finding.evidence
            needed = min(evidence.end - evidence.start, LONGEST_PATIENCE)
            each.until = now + max(PATIENCE, needed)

    def expire(self, host: str, now: int) -> Iterator[Change]:
        """End the adopted findings that no detector has reported in time."""
        for each in self._adopted(host):
            if each.until is not None and each.until <= now:
                yield from self._end(each, each.finding.over(now))

    def end_all(self, host: str, now: int, except_kinds: Collection[str] = ()) -> Iterator[Change]:
        """End the findings of ``host``, except findings of ``except_kinds``."""
        for each in list(self._hosts.get(host, {}).values()):
            if each.finding.kind not in except_kinds:
                yield from self._end(each, each.finding.over(now))

    def _known(self, finding: Finding) -> _Active | None:
        return self._hosts.get(finding.host, {}).get(finding.channel)

    def _adopted(self, host: str) -> list[_Active]:
        return [each for each in self._hosts.get(host, {}).values() if each.adopted]

    def _new_id(self, finding: Finding) -> str:
        """Return the identity of ``finding``, plus a number if an ended finding had that ID."""
        ids = (f"{finding.identity}-{number}" if number else finding.identity for number in count())
        return next(each for each in ids if (finding.host, each) not in self._ended)

    def _note_end(self, host: str, identity: str) -> None:
        self._ended[host, identity] = None
        if len(self._ended) > MOST_ADOPTED:
            del self._ended[next(iter(self._ended))]

    def _add(self, channel: str, active: _Active) -> None:
        self._hosts.setdefault(active.finding.host, {})[channel] = active

    def _end(self, active: _Active, finding: Finding) -> Iterator[Change]:
        self._note_end(active.finding.host, active.base)
        yield _message(finding.event(active.base + END), retain=False)
        yield from self._remove(active.finding.host, active.event.channel)

    def _remove(self, host: str, channel: str) -> Iterator[Change]:
        """Forget a finding and remove its retained message."""
        findings = self._hosts.get(host, {})
        findings.pop(channel, None)
        if not findings:
            self._hosts.pop(host, None)
        yield Change(host, channel, b"", retain=True)
        if self._shared:  # the removal also deleted the findings of other hosts on this topic
            for others in self._hosts.values():
                if channel in others:
                    yield _message(others[channel].event, retain=True)


def _message(event: Event, *, retain: bool) -> Change:
    return Change(event.host or "", event.channel, event.payload(), retain)
