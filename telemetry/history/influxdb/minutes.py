"""The scripts that compute minutes in InfluxDB, and the queries for them. Pure.

A minute has the name and tags of its samples, and the tag ``aggregate``: ``mean``, ``min`` or
``max``. The bucket of the samples records which minutes are due. Each request that writes samples
also writes a mark for each host and minute in it, with the id of the request, ``batch``. When the
minute has been computed, ``done`` gets the id that the mark had before. A request that arrives
meanwhile changes ``batch``, so that the minute is due again, whichever ingester computes it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from telemetry.history.influxdb import flux
from telemetry.history.influxdb.flux import MILLISECOND, OUR_FIELDS, OUR_MEASUREMENTS, Script
from telemetry.history.influxdb.lines import mark_of
from telemetry.history.influxdb.names import MARKS, decode, encode
from telemetry.history.longer import MINUTE, minute_of
from telemetry.history.port import Aggregate
from telemetry.samples import Sample

Due = Mapping[tuple[str, int], str]
"""The ids of the marks, by host and start of the minute."""

_AT_ONCE = 10  # minutes of a host in one script, which must not take long
_LATE = 7_200_000  # InfluxDB deletes expired samples only once an hour; until then, they count
_STORED = {
    Aggregate.MEAN: "mean",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
    Aggregate.LAST: "mean",
}
_EVERY_MINUTE = 'aggregateWindow(every: 1m, fn: {}, createEmpty: false, timeSrc: "_start")'
_OF_ONE = " and r.aggregate == aggregate"


def marks(samples: Iterable[Sample]) -> dict[int, list[str]]:
    """Return the lines that mark the minutes of ``samples`` as due, by their time.

    A mark has the last millisecond of its minute, so that no sample of that minute expires after
    the mark.
    """
    batch = uuid.uuid4().hex[:16]
    places = {(each.host, minute_of(each.timestamp) + MINUTE - 1) for each in samples}
    found: dict[int, list[str]] = {}
    for host, time in places:
        found.setdefault(time, []).append(mark_of(host, time, batch))
    return found


def find_due(bucket: str, start: int, end: int) -> Script:
    """Query the marks of the minutes that are due, from ``start`` to before ``end``."""
    text = (
        "from(bucket: bucket)\n  |> range(start: start, stop: stop)\n"
        f'  |> filter(fn: (r) => r._measurement == "{MARKS}")\n'
        f"  |> {flux.PIVOT}\n  |> group()\n"
        "  |> filter(fn: (r) => not exists r.done or r.done != r.batch)\n"
        '  |> keep(columns: ["host", "_time", "batch"])'
    )
    limits = {"start": flux.time_of(start - _LATE), "stop": flux.time_of(end)}
    return Script(text, {"bucket": bucket, **limits})


def due(tables: Iterable[flux.Table]) -> dict[tuple[str, int], str]:
    """Return the minutes in the answer to ``find_due``."""
    found: dict[tuple[str, int], str] = {}
    for table in tables:
        rows = zip(table.columns["host"], table.times(), table.columns["batch"], strict=True)
        found |= {(decode(host), minute_of(time)): batch for host, time, batch in rows}
    return found


def oldest_of(found: Due) -> Due:
    """Return minutes that one script can compute: the same consecutive minutes of several hosts."""
    first = end = min(minute for _, minute in found)
    hosts = [host for host, minute in found if minute == first][:_AT_ONCE]
    chosen: dict[tuple[str, int], str] = {}
    while len(chosen) + len(hosts) <= _AT_ONCE and all((each, end) in found for each in hosts):
        chosen |= {(host, end): found[host, end] for host in hosts}
        end += MINUTE
    return chosen


def make(bucket: str, into: str, chosen: Due) -> Script:
    """Return the script that computes the ``chosen`` minutes and yields their number."""
    hosts = sorted({host for host, _ in chosen})
    starts = [minute for _, minute in chosen]
    any_host = " or ".join(f"r.host == host{index}" for index in range(len(hosts)))
    # Each part selects its samples itself, so that InfluxDB's storage engine aggregates them.
    samples = (
        "from(bucket: bucket)\n  |> range(start: start, stop: stop)\n"
        f"  |> filter(fn: (r) => ({any_host}) and ({OUR_MEASUREMENTS}) and {OUR_FIELDS})\n"
    )
    parts = [
        f'{samples}  |> {_EVERY_MINUTE.format(name)}\n  |> set(key: "aggregate", value: "{name}")'
        for name in ("mean", "min", "max")
    ]
    text = f"{_union(parts)}\n  |> to(bucket: into)\n  |> group()\n  |> count()"
    return Script(
        text,
        {
            "bucket": bucket,
            "into": into,
            "start": flux.time_of(min(starts)),
            "stop": flux.time_of(max(starts) + MINUTE),
            **{f"host{index}": encode(host) for index, host in enumerate(hosts)},
        },
    )


def done(chosen: Due) -> list[str]:
    """Return the lines that record that the ``chosen`` minutes have been computed."""
    return [
        mark_of(host, minute + MINUTE - 1, batch, field="done")
        for (host, minute), batch in chosen.items()
    ]


def points(selection: flux.Selection, aggregate: Aggregate) -> Script:
    """Query the minutes in ``selection``."""
    text = f"{selection.source(condition=_OF_ONE)}\n  |> {flux.PIVOT}"
    return Script(text, {**selection.parameters(), "aggregate": _STORED[aggregate]})


def buckets(
    minutes: flux.Selection, samples: flux.Selection, aggregate: Aggregate, width: int
) -> Script:
    """Query aggregates over buckets of ``width``, from ``minutes`` and then from ``samples``.

    The buckets before the seam are aggregated by InfluxDB's storage engine, which is faster. The
    bucket that contains the seam, and those after it, are computed from minutes and samples.
    """
    stored = _STORED[aggregate]
    window = flux.WINDOW.format(aggregate.value)
    boundary = minutes.start + (minutes.end - minutes.start) // width * width
    of_minutes = {"bucket": "into", "condition": _OF_ONE}
    mixed = []
    if boundary < minutes.end:
        mixed.append(minutes.source(**of_minutes, start="boundary", stop="seam"))
    if samples.start < samples.end:
        mixed.append(samples.source(_EVERY_MINUTE.format(stored), start="seam"))
    parts = []
    if minutes.start < boundary:
        parts.append(minutes.source(window, **of_minutes, stop="boundary"))
    if mixed:
        parts.append(
            f'{_union(mixed)}\n  |> sort(columns: ["_time"])\n  |> {window}\n  |> {flux.KEEP}'
        )
    return Script(
        f"{_union(parts)}\n  |> {flux.PIVOT}",
        {
            **replace(samples, start=minutes.start).parameters(),
            "into": minutes.bucket,
            "boundary": flux.time_of(boundary),
            "seam": flux.time_of(minutes.end),
            "aggregate": stored,
            "every": width * MILLISECOND,
            "offset": minutes.start % width * MILLISECOND,
        },
    )


def _union(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"union(tables: [{', '.join(parts)}])"


def samples_among(
    dropped: int, samples: Sequence[Sample], lines: Mapping[int, Sequence[str]]
) -> int:
    """Return how many of the ``dropped`` lines are samples; InfluxDB drops the oldest lines."""
    times = [(each.timestamp, 1) for each in samples]
    times += [(time, 0) for time, lines_then in lines.items() for _ in lines_then]
    return sum(is_sample for _, is_sample in sorted(times)[:dropped])
