"""Watches every host: reads its past, analyses its samples, and tracks its findings."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from advisor.active import ActiveFindings, Change
from advisor.analysis import SILENCE, Analysis
from advisor.detectors.model import MINUTE, Detector
from advisor.findings import Finding
from advisor.past import Past
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryError
from telemetry.events import Event
from telemetry.limits import Limits
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

SETTLE_SECONDS = 3.0  # after connecting, until all retained messages have arrived
SILENT_SECONDS = 600.0  # after this time without a message, only findings about silence continue
FORGOTTEN_SECONDS = 86_400.0  # after this time without a message, the host is forgotten
_HISTORY_SECONDS = 60.0  # longest wait for a history that starts at the same time as the advisor
_RETRY_SECONDS = 2.0
_LOOK_SECONDS = 30.0
_MOST_BYTES = 67_108_864  # of the messages that wait until the past of their host is read

Content = Sample | CollectorStatus


@dataclass(slots=True)
class _Host:
    """What is stored about one host.

    ``first`` and ``last`` are when the first and the last message arrived, in monotonic seconds.
    Until the host's past has been read, ``newest`` maps each channel to its newest message and that
    message's size in bytes; afterwards, it is None.
    """

    first: float
    last: float
    newest: dict[str, tuple[Content, int]] | None = field(default_factory=dict)
    look: int = 0  # when to end expired adopted findings next, in the host's time
    is_resting: bool = False


class Watch:
    """Watches all hosts, and yields the findings that begin, change or end. Not thread-safe.

    A host's past is read from the history before the host's first sample is analysed, one host
    at a time. Until a host's past has been read, only the newest message of each of its channels is
    kept, because the history has the earlier samples. If the history cannot be read,
    ``history_problem`` is a sentence with the reason; otherwise, it is None.
    """

    def __init__(
        self,
        detectors: Callable[[], Sequence[Detector]],
        past: Past,
        active: ActiveFindings,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with no hosts; ``clock`` returns seconds."""
        self._analysis = Analysis(detectors, limits, updates=True)
        self._about_silence = {d.kind.name for d in detectors() if SILENCE in d.families}
        self._past = past
        self._active = active
        self._limits = limits
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._connected: float | None = None  # when the connection was made
        self._deadline: float | None = None  # for reading the findings from the history
        self._retry = self._look = 0.0
        self._size = 0  # of the messages that wait, in bytes
        self._knows_past = self._is_busy = False
        self.analysed = 0
        self.history_failures = 0
        self.history_problem: str | None = None

    @property
    def hosts(self) -> int:
        """How many hosts are known."""
        return len(self._hosts)

    @property
    def skipped(self) -> int:
        """How many samples were not analysed because they were late, repeated or beyond a limit."""
        return self._analysis.skipped

    @property
    def is_busy(self) -> bool:
        """Whether the last ``turn`` found more than one host whose past was due to be read."""
        return self._is_busy

    def adopt(self, event: Event) -> Iterator[Change]:
        """Adopt a retained finding that was published before a restart."""
        yield from self._active.adopt(event, is_retained=True)

    def feed(self, content: Content, size: int = 0) -> Iterable[Change]:
        """Analyse ``content``, or keep it until its host's past has been read.

        ``size`` is the size of the message in bytes.
        """
        host, now = self._hosts.get(content.host), self._clock()
        if host is None:
            if len(self._hosts) >= self._limits.hosts:
                self._analysis.skipped += 1
                return ()
            host = self._hosts[content.host] = _Host(now, now)
        host.last, host.is_resting = now, False
        if host.newest is not None:
            self._keep(content, host.newest, size)
            return ()
        self.analysed += 1
        found = self._analysis.feed(content)
        is_due = content.timestamp >= host.look
        if is_due:
            host.look = content.timestamp + MINUTE
        return self._changes(content, found, is_due=is_due) if found or is_due else ()

    def _changes(
        self, content: Content, found: Iterable[Finding], *, is_due: bool
    ) -> Iterator[Change]:
        yield from self._note(found)
        if is_due:
            yield from self._active.expire(content.host, content.timestamp)

    def _keep(self, content: Content, newest: dict[str, tuple[Content, int]], size: int) -> None:
        """Keep ``content`` until its host's past is read, unless it is late or exceeds a limit."""
        channel = content.channel if isinstance(content, Sample) else ""
        late = isinstance(content, Sample) and content.late
        is_over = channel not in newest and len(newest) >= self._limits.channels
        _, before = newest.get(channel, (None, 0))
        if late or is_over or self._size + size - before > _MOST_BYTES:
            self._analysis.skipped += 1
            return
        newest[channel] = content, size
        self._size += size - before

    def turn(self, *, connected: bool) -> Iterator[Change]:
        """Do the periodic work; ``connected`` is true if the advisor is connected to the broker."""
        now = self._clock()
        self._is_busy = False
        if not connected:
            self._connected = None
            return
        if self._connected is None:
            self._connected = now
            self._deadline = self._deadline or now + _HISTORY_SECONDS
        if now - self._connected < SETTLE_SECONDS:
            return
        if not self._knows_past:
            yield from self._read_findings(now)
            return
        new = (name for name, host in self._hosts.items() if self._is_new(host, now))
        name = next(new, None)
        self._is_busy = next(new, None) is not None
        if name is not None:
            yield from self._begin(name, self._hosts[name])
        yield from self._note(self._analysis.tick(unix_milliseconds()))
        if now >= self._look:
            self._look = now + _LOOK_SECONDS
            yield from self._end_silent(now)

    @staticmethod
    def _is_new(host: _Host, now: float) -> bool:
        return bool(host.newest) and now - host.first >= SETTLE_SECONDS

    def _read_findings(self, now: float) -> Iterator[Change]:
        """Adopt the active findings in the history; if reading fails, retry until a deadline."""
        if now < self._retry:
            return
        try:
            found = self._past.findings()
        except HistoryError as error:
            self._note_failure(error)
            self._retry = now + _RETRY_SECONDS
            self._knows_past = self._deadline is not None and now >= self._deadline
            return
        self._knows_past = True
        self.history_problem = None
        for event in found:
            yield from self._active.adopt(event, is_retained=False)

    def _begin(self, name: str, host: _Host) -> Iterator[Change]:
        """Analyse a host's past and yield the resulting changes to its findings."""
        newest = self._take(host)
        live = sorted(newest.values(), key=lambda content: content.timestamp)
        samples = {key: each for key, each in newest.items() if isinstance(each, Sample)}
        self._active.wait(name, live[-1].timestamp if live else unix_milliseconds())
        found = dict[str, Finding]()  # by channel, as they were last reported
        try:
            self._analyse_past(self._past.samples(name, samples), found)
            self.history_problem = None
        except HistoryError as error:
            self._note_failure(error)
        self._analyse_past(live, found)
        yield from self._note(each for each in found.values() if not self._active.is_past(each))

    def _analyse_past(self, contents: Iterable[Content], found: dict[str, Finding]) -> None:
        for content in contents:
            for finding in self._analysis.feed(content):
                if not finding.is_update:
                    found[finding.channel] = finding

    def _note_failure(self, error: HistoryError) -> None:
        self.history_failures += 1
        self.history_problem = str(error)

    def _end_silent(self, now: float) -> Iterator[Change]:
        """End the findings of silent hosts, except the findings about their silence.

        A host is forgotten after a day without a message, or after ``SILENT_SECONDS`` if it has
        only findings from before a restart.
        """
        connected = now if self._connected is None else self._connected
        for name in list(dict.fromkeys(chain(self._hosts, self._active.hosts()))):
            host = self._hosts.get(name)
            last_message = connected if host is None else max(host.last, connected)
            silent = now - last_message
            if silent >= FORGOTTEN_SECONDS or (host is None and silent >= SILENT_SECONDS):
                yield from self.forget(name)
            elif host is not None and silent >= SILENT_SECONDS and not host.is_resting:
                host.is_resting = True
                yield from self._note(self._analysis.rest(name))
                kept = self._about_silence if self._analysis.knows(name) else ()
                yield from self._active.end_all(name, unix_milliseconds(), kept)
                if not kept:
                    host.newest = {}  # if the host comes back, its past is read again

    def forget(self, name: str) -> Iterator[Change]:
        """Forget a host, and end its findings."""
        if host := self._hosts.pop(name, None):
            self._take(host)
        yield from self._note(self._analysis.forget(name))
        yield from self._active.end_all(name, unix_milliseconds())

    def _take(self, host: _Host) -> dict[str, Content]:
        """Remove and return the messages that were kept for ``host``."""
        waiting, host.newest = host.newest or {}, None
        self._size -= sum(size for _, size in waiting.values())
        return {channel: content for channel, (content, _) in waiting.items()}

    def _note(self, findings: Iterable[Finding]) -> Iterator[Change]:
        for finding in findings:
            yield from self._active.note(finding)
