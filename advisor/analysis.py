"""Runs the detectors over the samples of every host."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from advisor.detectors.model import MINUTE, Detector
from advisor.findings import Finding
from advisor.readings import Reading, reading_of
from telemetry.limits import Limits
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus

SET_BACK = 5 * MINUTE  # if a host's timestamps fall by more than this, its clock was set back
FEWEST_CLOCKS = 3  # from this number on, the hosts' median is more likely right than our clock
# Milliseconds. Samples that are closer together would cost CPU time and not change the findings.
CLOSE = 3_500
SILENCE = "silence"  # the family of readings about a silent host
SILENT = 10 * MINUTE  # a device without a sample for longer, in its host's time, is gone


@dataclass(slots=True)
class _Host:
    detectors: Sequence[Detector]
    updates: bool = False  # whether findings of which only the numbers have changed are yielded too
    by_family: dict[str, Sequence[Callable[[Reading], Iterable[Finding]]]] = field(
        default_factory=dict
    )
    channels: dict[str, int] = field(default_factory=dict)  # newest timestamps
    subjects: dict[str, int] = field(default_factory=dict)  # when each was last read
    looked: int = 0  # when devices that are gone were last looked for
    newest: int = 0
    fresh: bool = False  # something has arrived since the last tick
    offline: CollectorStatus | None = None
    silent: int = 0  # milliseconds since the collector went offline

    def is_online(self, status: CollectorStatus) -> bool:
        """Return whether the collector is online; if it is not, store its status."""
        online = status.state is CollectorState.ONLINE
        self.offline = None if online else status
        self.silent = 0 if online else self.silent
        return online

    def feed(self, reading: Reading) -> Iterator[Finding]:
        """Feed ``reading`` to the detectors that use its family."""
        for feed in self.of_family(reading.family):
            yield from self.reported(feed(reading))

    def reported(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield ``findings``; without ``updates``, omit those in which only the numbers changed."""
        return (each for each in findings if self.updates or not each.is_update)

    def of_family(self, family: str) -> Sequence[Callable[[Reading], Iterable[Finding]]]:
        """Return the ``feed`` methods of the detectors that use ``family``."""
        known = self.by_family.get(family)
        if known is None:
            known = [each.feed for each in self.detectors if family in each.families]
            self.by_family[family] = known
        return known


class Analysis:
    """Feeds each host's readings, in time order, to the host's own detectors.

    ``skipped`` counts the samples that are skipped because they are late, no newer than the
    previous sample on their channel, or from hosts or channels beyond ``limits``. To save CPU
    time, a sample less than ``CLOSE`` milliseconds after the last one used on its channel is also
    skipped, but not counted. If a host's clock is set back by more than five minutes, the host's
    findings end, and it gets new detectors. The findings about a device end when the device
    is no longer read.
    """

    def __init__(
        self,
        detectors: Callable[[], Sequence[Detector]],
        limits: Limits | None = None,
        *,
        updates: bool = False,
    ) -> None:
        """Start with no hosts; ``detectors`` creates the detectors for a new host.

        With ``updates``, a finding that stays active is also yielded every ten minutes, with newer
        numbers.
        """
        self._updates = updates
        self._detectors = detectors
        self._limits = limits or Limits()
        self._hosts: dict[str, _Host] = {}
        self._ticked = 0
        self.skipped = 0

    def feed(self, content: Sample | CollectorStatus) -> Sequence[Finding]:
        """Return each finding that begins, ends, or becomes more severe.

        With ``updates``, also return findings that have newer numbers.
        """
        host = self._host_of(content)
        if host is None:
            return ()
        reading, found = reading_of(content), list[Finding]()
        timestamp = reading.timestamp
        if timestamp < host.newest - SET_BACK:
            found += self._start_again(host, reading)
        host.fresh = True
        host.newest = max(host.newest, timestamp)
        host.subjects[reading.subject] = host.newest
        # This loop runs most often, so it does not call host.feed, which would be slower.
        for feed in host.of_family(reading.family):
            if new := feed(reading):
                found += host.reported(new)
        if host.newest - host.looked >= MINUTE:
            host.looked = host.newest
            found += self._forget_silent(host)
        return found

    def tick(self, now: int) -> Iterator[Finding]:
        """Yield the findings that begin or end because time passes.

        ``now`` is in Unix milliseconds: the time of the machine that runs the analysis, or, for a
        recording, the newest timestamp of all hosts. A call has no effect if ``now`` is less than a
        minute after the last effective call.
        """
        step = now - self._ticked
        if 0 <= step < MINUTE:
            return
        self._ticked = now
        offsets = [host.newest - now for host in self._hosts.values() if host.fresh]
        usual = median(offsets) if len(offsets) >= FEWEST_CLOCKS else 0
        for name, host in self._hosts.items():
            if host.offline is not None:
                host.silent += step if 0 < step <= SET_BACK else 0
                at = (host.newest or now) + host.silent
                stopped = not host.offline.last_will
                values = {"seconds": host.silent / 1000, "stopped": stopped}
                yield from host.feed(Reading(name, at, SILENCE, "host", values))
            elif host.fresh:
                values = {"offset": (host.newest - now - usual) / 1000}
                yield from host.feed(Reading(name, host.newest, "clock", "host", values))
            host.fresh = False

    def _host_of(self, content: Sample | CollectorStatus) -> _Host | None:
        """Return the host of ``content``, or None if ``content`` is skipped."""
        host = self._hosts.get(content.host)
        if host is None:
            if len(self._hosts) >= self._limits.hosts:
                self.skipped += 1
                return None
            host = self._hosts[content.host] = _Host(self._detectors(), self._updates)
        channel, late, close = "", False, 0
        if isinstance(content, Sample):
            channel, late, close = content.channel, content.late, CLOSE
        elif not host.is_online(content):
            self.skipped += 1
            return None
        timestamp, newest = content.timestamp, host.channels.get(channel)
        if newest is None:
            is_wrong = len(host.channels) >= self._limits.channels
        elif newest < timestamp < newest + close:
            return None
        else:
            is_wrong = newest - SET_BACK <= timestamp <= newest
        if is_wrong or late:
            self.skipped += 1
            return None
        host.channels[channel] = timestamp
        return host

    def forget(self, name: str) -> Iterator[Finding]:
        """Forget a host, and end its findings."""
        host = self._hosts.pop(name, None)
        if host is not None:
            yield from self._end_all(host)

    def knows(self, name: str) -> bool:
        """Return whether there is state for the host ``name``."""
        return name in self._hosts

    def rest(self, name: str) -> Iterator[Finding]:
        """End a silent host's findings, except findings of detectors that use ``SILENCE``.

        If the host's newest status is not offline, forget the host instead.
        """
        host = self._hosts.get(name)
        if host is None or host.offline is None:
            yield from self.forget(name)
        else:
            yield from self._end_all(host, [d for d in host.detectors if SILENCE not in d.families])

    @staticmethod
    def _end_all(host: _Host, detectors: Sequence[Detector] | None = None) -> Iterator[Finding]:
        for detector in host.detectors if detectors is None else detectors:
            for subject in host.subjects:
                yield from detector.forget(subject, host.newest)

    def _start_again(self, host: _Host, reading: Reading) -> Iterator[Finding]:
        """Reset ``host``, whose clock was set back to the time of ``reading``; end its findings."""
        yield from self._end_all(host)
        values = {"set_back": host.newest - reading.timestamp}
        host.detectors, host.by_family = self._detectors(), {}
        host.channels, host.subjects = {}, {}
        host.looked = host.newest = 0
        yield from host.feed(Reading(reading.host, reading.timestamp, "clock", "host", values))

    @staticmethod
    def _forget_silent(host: _Host) -> Iterator[Finding]:
        silent = [name for name, time in host.subjects.items() if time < host.newest - SILENT]
        for subject in silent:
            del host.subjects[subject]
            for detector in host.detectors:
                yield from detector.forget(subject, host.newest)
