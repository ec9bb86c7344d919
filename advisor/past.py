"""Reads from the history what happened before the advisor started or first saw a host."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from telemetry.catalogue import (
    DISK,
    FINDING,
    GPU,
    NETWORK,
    Family,
    Kind,
    family_of,
    place_of,
    processes_channel,
)
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history.columns import samples_of
from telemetry.history.port import Aggregate, EventQuery, HistoryReader, Query
from telemetry.history.window import Clock, Spans
from telemetry.samples import Sample

MOST_ROWS = 15_000  # to read per host in each of two spans, which takes a second or two
MOST_FINDINGS = 5_000
_HOUR = 3_600_000
_LONG = 102 * _HOUR  # as far back as the widest stretch of memory growth reaches
_RECENT = _HOUR  # all that the other detectors need
_MEMORY = ("memory_used", "memory_total", "ram_used", "ram_total", "cgroup_used", "cgroup_limit")
_DELIVERED = ("read_rate", "download_rate", "filesystems")
_SOLE = 0.9  # of the listed memory: a process that holds this much counts as the only process

Newest = Mapping[str, Sample]
"""The newest live samples of a host, by channel."""


class Past:
    """Reads the samples of a host, and the findings of all hosts, from the history.

    Each method except ``close`` raises HistoryUnavailableError if the history cannot be read.
    """

    def __init__(
        self, reader: HistoryReader, spans: Spans, clock: Clock = unix_milliseconds
    ) -> None:
        """``reader`` is opened by ``open``; ``clock`` returns Unix milliseconds."""
        self._reader = reader
        self._spans = spans
        self._clock = clock

    def open(self) -> None:
        """Open the history."""
        self._reader.open()

    def close(self) -> None:
        """Close the history."""
        self._reader.close()

    def findings(self) -> list[Event]:
        """Return the newest stored event of each finding, for all hosts."""
        now = self._clock()
        span = now - self._spans.events, now + self._spans.samples
        found = self._reader.events(EventQuery(FINDING, *span, limit=MOST_FINDINGS))
        return list({(each.host, each.channel): each for each in found}.values())

    def samples(self, host: str, newest: Newest) -> Iterator[Sample]:
        """Yield the samples of ``host``, oldest first; the last hour is the most detailed.

        The history stores no fields that contain text, such as the kind of a GPU's memory. Their
        values are taken from the newest live samples.

        The history stores no process data either. If one process now holds at least 90% of the
        memory that processes hold on a GPU, its past memory use is estimated. The estimate is the
        GPU's memory use at that time, minus the memory that is now in use outside this process. If
        several processes share the memory, their past shares are unknown, so the GPU's past memory
        use is omitted.
        """
        now = self._clock()
        start, recent = now - _LONG, now - _RECENT
        channels = self._reader.channels(host, start)
        rows = MOST_ROWS // max(1, len(channels))
        memory = [each for each in channels if _has(each, _MEMORY)]
        rates = [each for each in channels if family_of(each) in (DISK, NETWORK)]
        past = Query(host, tuple(memory), start, recent, rows, Aggregate.MIN, _MEMORY)
        delivered = replace(
            past, channels=tuple(rates), aggregate=Aggregate.MEAN, fields=_DELIVERED
        )
        latest = Query(host, tuple(channels), recent, now + self._spans.samples, rows)
        yield from self._merged((past, delivered), newest)
        yield from self._merged((latest,), newest)

    def _merged(self, queries: Iterable[Query], newest: Newest) -> Iterator[Sample]:
        series = [
            _completed(samples_of(query.host, channel, columns), newest.get(channel), newest)
            for query in queries
            if query.channels
            for channel, columns in self._reader.read(query).items()
        ]
        yield from heapq.merge(*series, key=attrgetter("timestamp"))


def _has(channel: str, fields: Sequence[str]) -> bool:
    family = family_of(channel)
    return family is not None and any(each.name in fields for each in family.fields)


def _completed(samples: Iterable[Sample], known: Sample | None, newest: Newest) -> Iterator[Sample]:
    """Yield one channel's ``samples``, adding the values that the history lacks."""
    family = None if known is None else family_of(known.channel)
    if known is None or family is None:
        yield from samples
        return
    texts = _texts(family, known)
    processes = _processes(known, newest) if family is GPU else ()
    for sample in samples:
        values = {**sample.values, **texts}
        used: Any = values.get("memory_used")
        if len(processes) > 1:
            values["memory_used"] = None  # it is not known which process held the memory
        yield replace(sample, values=values)
        if len(processes) == 1 and used is not None:
            yield from _of_process(sample, processes[0], used, known)


def _texts(family: Family, known: Sample) -> dict[str, object]:
    names = [field.name for field in family.fields if field.kind is Kind.TEXT]
    return {name: known.values[name] for name in names if name in known.values}


def _processes(known: Sample, newest: Newest) -> Sequence[Mapping[str, Any]]:
    """Return the processes that hold GPU memory, or only the largest if it holds nearly all."""
    channel = processes_channel(int(place_of(known.channel)["id"]))
    listed: Any = newest[channel].values.get("processes") if channel in newest else ()
    held = [each for each in listed or () if each.get("memory_used")]
    held.sort(key=lambda each: float(each["memory_used"]), reverse=True)
    total = sum(each["memory_used"] for each in held)
    return held[:1] if held and held[0]["memory_used"] >= _SOLE * total else held


def _of_process(
    sample: Sample, process: Mapping[str, Any], used: float, known: Sample
) -> Iterator[Sample]:
    """Yield a sample with the estimated memory of ``process`` at the time of ``sample``.

    Yields nothing if the process had not started yet, or if the GPU's current memory is unknown.
    """
    used_now: Any = known.values.get("memory_used")
    if used_now is None or sample.timestamp < (process.get("started") or 0):
        return
    memory = max(0.0, used - max(0.0, used_now - process["memory_used"]))
    channel = processes_channel(int(place_of(sample.channel)["id"]))
    listed = [{**process, "memory_used": memory}]
    yield Sample(channel, sample.host, sample.timestamp, {"processes": listed})
