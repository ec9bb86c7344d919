"""Runs the detectors over the samples of every host."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from advisor.detectors.model import MINUTE, Detector
from advisor.findings import Finding
from advisor.readings import reading_of
from telemetry.limits import Limits
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

SET_BACK = 5 * MINUTE  # a host whose time falls by more has set its clock back
SILENT = 10 * MINUTE  # of its host's time: a device without a sample for longer is gone


@dataclass(slots=True)
class _Host:
    detectors: Sequence[Detector]
    by_family: dict[str, Sequence[Detector]] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)  # their newest timestamps
    subjects: dict[str, int] = field(default_factory=dict)  # likewise
    looked: int = 0  # when it last looked for devices that are gone
    newest: int = 0

    def detectors_of(self, family: str) -> Sequence[Detector]:
        """Return the detectors that look at ``family``."""
        known = self.by_family.get(family)
        if known is None:
            known = [each for each in self.detectors if family in each.families]
            self.by_family[family] = known
        return known


class Analysis:
    """Feeds each host's readings, in the order of their time, to detectors of its own.

    A sample that is late, or not newer than the one before on its channel, is skipped. If a host's
    clock is set back, its findings end and its detectors start again. The findings about a device
    that is no longer read end. Hosts and channels beyond ``limits`` are ignored.
    """

    def __init__(
        self, detectors: Callable[[], Sequence[Detector]], limits: Limits | None = None
    ) -> None:
        """Begin without hosts; ``detectors`` makes the detectors for a new host."""
        self._detectors = detectors
        self._limits = limits or Limits()
        self._hosts: dict[str, _Host] = {}
        self.skipped = 0

    def feed(self, content: Sample | CollectorStatus) -> Iterator[Finding]:
        """Yield each finding that begins, ends, or becomes more severe."""
        host = self._host_of(content)
        if host is None:
            self.skipped += 1
            return
        reading = reading_of(content)
        if reading.timestamp < host.newest - SET_BACK:
            yield from self._start_again(host)
        host.newest = max(host.newest, reading.timestamp)
        host.subjects[reading.subject] = host.newest
        for detector in host.detectors_of(reading.family):
            yield from detector.feed(reading)
        if host.newest - host.looked >= MINUTE:
            host.looked = host.newest
            yield from self._forget_silent(host)

    def _host_of(self, content: Sample | CollectorStatus) -> _Host | None:
        """Return the host of ``content``, or None if ``content`` is to be skipped."""
        if isinstance(content, Sample):
            channel, late = content.channel, content.late
        else:
            channel, late = "", content.last_will  # its timestamp is the collector's start
        host = self._hosts.get(content.host)
        if late or (host is None and len(self._hosts) >= self._limits.hosts):
            return None
        if host is None:
            host = self._hosts[content.host] = _Host(self._detectors())
        newest = host.channels.get(channel)
        if newest is None and len(host.channels) >= self._limits.channels:
            return None
        if newest is not None and newest - SET_BACK <= content.timestamp <= newest:
            return None
        host.channels[channel] = content.timestamp
        return host

    def _start_again(self, host: _Host) -> Iterator[Finding]:
        for detector in host.detectors:
            for subject in host.subjects:
                yield from detector.forget(subject, host.newest)
        host.detectors, host.by_family = self._detectors(), {}
        host.channels, host.subjects = {}, {}
        host.looked = host.newest = 0

    @staticmethod
    def _forget_silent(host: _Host) -> Iterator[Finding]:
        silent = [name for name, time in host.subjects.items() if time < host.newest - SILENT]
        for subject in silent:
            del host.subjects[subject]
            for detector in host.detectors:
                yield from detector.forget(subject, host.newest)
