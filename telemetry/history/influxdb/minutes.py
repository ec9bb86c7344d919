"""Builds the marks of due minutes, and the scripts that compute and read minutes. Pure.

Here, a minute means the aggregates of the samples that a host published in one minute. The history
keeps minutes for longer than samples. For each series, a minute is stored as three points. They
have the samples' measurement and tags, plus the tag ``aggregate``: ``mean``, ``min`` or ``max``.

A minute is due if it still has to be computed. The bucket of the samples also contains marks,
which show which minutes are due. Each request that writes samples also writes a mark for each
host and minute of these samples. The mark's field ``batch`` identifies the request. Once the minute
has been computed, the mark's field ``done`` is set to the value of ``batch`` that was read before
the computation. If another request has written samples of the minute in the meantime, it has
changed ``batch``. The two fields then differ, so the minute is due again. This works even if
several ingesters write samples and compute minutes.
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
"""Maps the host and the start of each due minute to the field ``batch`` of the minute's mark."""

_AT_ONCE = 10  # the most minutes, of all hosts together, in a script, so that it does not take long
# Minutes up to this long (ms) before the window are still computed. Their samples still
# exist, because InfluxDB deletes expired samples only once an hour.
_LATE = 7_200_000
_STORED = {
    Aggregate.MEAN: "mean",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
    Aggregate.LAST: "mean",
}
_EVERY_MINUTE = 'aggregateWindow(every: 1m, fn: {}, createEmpty: false, timeSrc: "_start")'
_OF_ONE = " and r.aggregate == aggregate"


def marks(samples: Iterable[Sample]) -> dict[int, list[str]]:
    """Return the lines that mark the minutes of ``samples`` as due, keyed by the mark's time.

    A mark's time is the last millisecond of its minute, because the mark must not expire before
    the minute's samples.
    """
    batch = uuid.uuid4().hex[:16]
    places = {(each.host, minute_of(each.timestamp) + MINUTE - 1) for each in samples}
    found: dict[int, list[str]] = {}
    for host, time in places:
        found.setdefault(time, []).append(mark_of(host, time, batch))
    return found


def find_due(bucket: str, start: int, end: int) -> Script:
    """Return the script that finds the marks of due minutes before ``end``.

    ``start`` is the start of the window of samples. Due minutes up to ``_LATE`` ms older are found
    too.
    """
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
    """Return the due minutes in ``tables``, the result of ``find_due``'s script."""
    found: dict[tuple[str, int], str] = {}
    for table in tables:
        rows = zip(table.columns["host"], table.times(), table.columns["batch"], strict=True)
        found |= {(decode(host), minute_of(time)): batch for host, time, batch in rows}
    return found


def oldest_of(found: Due) -> Due:
    """Return up to ``_AT_ONCE`` of the oldest due minutes, for one script to compute.

    The result has the same consecutive minutes for each of its hosts, because the script selects
    the same time span for all hosts.
    """
    first = end = min(minute for _, minute in found)
    hosts = [host for host, minute in found if minute == first][:_AT_ONCE]
    chosen: dict[tuple[str, int], str] = {}
    while len(chosen) + len(hosts) <= _AT_ONCE and all((each, end) in found for each in hosts):
        chosen |= {(host, end): found[host, end] for host in hosts}
        end += MINUTE
    return chosen


def make(bucket: str, into: str, chosen: Due) -> Script:
    """Return the script that computes and stores the ``chosen`` minutes."""
    hosts = sorted({host for host, _ in chosen})
    starts = [minute for _, minute in chosen]
    any_host = " or ".join(f"r.host == host{index}" for index in range(len(hosts)))
    # Each part selects the samples again: only then does the storage engine aggregate them.
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
    """Return the lines that mark the ``chosen`` minutes as computed."""
    return [
        mark_of(host, minute + MINUTE - 1, batch, field="done")
        for (host, minute), batch in chosen.items()
    ]


def points(selection: flux.Selection, aggregate: Aggregate) -> Script:
    """Return the script that reads the minutes in ``selection``."""
    text = f"{selection.source(condition=_OF_ONE)}\n  |> {flux.PIVOT}"
    return Script(text, {**selection.parameters(), "aggregate": _STORED[aggregate]})


def buckets(
    minutes: flux.Selection, samples: flux.Selection, aggregate: Aggregate, width: int
) -> Script:
    """Return the script that aggregates ``minutes`` and the later ``samples`` into buckets.

    Each bucket spans ``width`` ms. The seam is the time at which ``minutes`` end
    and ``samples`` start. InfluxDB's storage engine aggregates the buckets that end at or before
    the seam, because it is faster than the script. The script itself aggregates the bucket
    that contains the seam, from minutes and samples, and the later buckets, from samples only.
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
    """Return how many of the ``dropped`` lines are samples; the others are marks.

    InfluxDB drops lines because of their age, so the dropped lines are the oldest.
    """
    times = [(each.timestamp, 1) for each in samples]
    times += [(time, 0) for time, lines_then in lines.items() for _ in lines_then]
    return sum(is_sample for _, is_sample in sorted(times)[:dropped])
