"""Samples and queries for the history's tests, and expected answers computed in plain Python."""

from collections.abc import Callable, Sequence
from statistics import fmean

from telemetry.history.port import Aggregate, Columns, HistoryReader, Query
from telemetry.samples import Sample

INTERVAL = 2000

_AGGREGATES: dict[Aggregate, Callable[[Sequence[float]], float]] = {
    Aggregate.MEAN: fmean,
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.LAST: lambda values: values[-1],
}


def cpu(timestamp: int, utilization: float | None = 1.0, host: str = "h", **more: object) -> Sample:
    return Sample("system/cpu", host, timestamp, {"utilization": utilization, **more})


def disk(timestamp: int, devices: Sequence[str], host: str = "h") -> Sample:
    rates = {"read_rate": 1.0, "write_rate": 2.0}
    values = {**rates, "per_device": dict.fromkeys(devices, rates)}
    return Sample("system/disk", host, timestamp, values)


def question(start: int, end: int, *channels: str, host: str = "h", max_points: int = 360) -> Query:
    return Query(host, channels or ("system/cpu",), start, end, max_points)


def listed(reader: HistoryReader) -> dict[str, list[str]]:
    """Return the channels of each host."""
    return {host: list(reader.channels(host)) for host in reader.hosts()}


def aggregated(samples: Sequence[Sample], query: Query) -> Columns:
    """Return the utilization over buckets as the port describes them, without marks of outages."""
    width = -(-(query.end - query.start) // query.max_points)
    buckets: dict[int, list[float]] = {}
    for sample in sorted(samples, key=lambda sample: sample.timestamp):
        if query.start <= sample.timestamp < query.end:
            start = query.start + (sample.timestamp - query.start) // width * width
            value = sample.values["utilization"]
            buckets.setdefault(start, []).extend([value] if isinstance(value, float) else [])
    function = _AGGREGATES[query.aggregate]
    values = [function(bucket) if bucket else None for bucket in buckets.values()]
    return Columns(list(buckets), {"utilization": values}, width)
