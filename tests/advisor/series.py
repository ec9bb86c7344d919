"""Samples to feed to detectors, over hours, without waiting."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from advisor.analysis import Analysis
from advisor.detectors.model import Detector
from advisor.findings import Finding
from advisor.readings import FIELDS
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

START = 1_767_225_600_000
MINUTES = 60.0
HOURS = 3600.0
GB = 10**9
INTERVAL = 10.0  # seconds


def every(
    channel: str,
    values: Callable[[float], dict[str, Any]],
    *,
    until: float,
    begin: float = 0.0,
    host: str = "gpu-07",
) -> Iterator[Sample]:
    """Yield a sample of ``channel`` every ``INTERVAL``, with ``values`` at each time in seconds."""
    time = begin
    while time < until:
        yield Sample(channel, host, START + int(time * 1000), values(time))
        time += INTERVAL


def at_once(*streams: Iterable[Sample]) -> list[Sample]:
    """Return ``streams`` in the order of their time."""
    merged = [sample for stream in streams for sample in stream]
    return sorted(merged, key=lambda sample: sample.timestamp)


def findings_in(
    contents: Iterable[Sample | CollectorStatus], detector: type[Detector], **thresholds: float
) -> list[Finding]:
    """Return what ``detector`` reports of ``contents``, with ``thresholds`` that are changed.

    It gets only the fields that the advisor decodes.
    """
    analysis = Analysis(lambda: [detector(thresholds)])
    decoded = (_decoded(each) if isinstance(each, Sample) else each for each in contents)
    return [finding for content in decoded for finding in analysis.feed(content)]


def _decoded(sample: Sample) -> Sample:
    known = {name: value for name, value in sample.values.items() if name in FIELDS}
    return replace(sample, values=known)


def seconds(timestamp: int) -> float:
    """Return the time of ``timestamp`` since the start, in seconds."""
    return (timestamp - START) / 1000
