"""Writes the newest samples and the states of hosts as metrics in base units."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from telemetry.catalogue import SAMPLES, STATES, Family, family_of, place_of
from telemetry.exposition.metrics import Metric, info_fields, info_name, label_fields, metrics_of
from telemetry.exposition.text import PREFIX, block, escaped, labels_of

MAX_SERIES = 250_000  # about 40 MB of text; a host with 8 GPUs and 64 cores has 400 to 450 series

_UP = "Whether the host's collector runs and publishes (1) or not (0)"
_AGE = "Time since the channel's newest sample; the values of a stale sample are left out"
_OMITTED = "Hosts whose readings are left out because the response would have too many series"


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest sample or state of a channel, its age in seconds, and whether it is stale.

    A state is never stale while the broker retains it.
    """

    channel: str
    values: Mapping[str, Any]
    age: float
    stale: bool


@dataclass(frozen=True, slots=True)
class HostReadings:
    """One host's newest samples and states, and whether its collector is running."""

    host: str
    up: bool
    readings: Sequence[Reading] = ()


class _Row(NamedTuple):
    """The values of a reading that is not stale, and the labels that all its series share."""

    labels: str
    values: Mapping[str, Any]


def readings_text(hosts: Iterable[HostReadings], limit: int = MAX_SERIES) -> str:
    """Return ``hosts`` in Prometheus' text format.

    A host is left out if adding it could bring the text above ``limit`` series. A metric counts
    these hosts.
    """
    shown, omitted = _within(hosts, limit)
    rows: dict[Family, list[_Row]] = defaultdict(list)
    for each in shown:
        for reading in each.readings:
            family = family_of(reading.channel)
            if family is not None and not reading.stale:
                rows[family].append(_row(each.host, family, reading))
    blocks = [*_host_blocks(shown, omitted)]
    for family in SAMPLES:
        blocks += _family_blocks(family, rows[family])
    for family in STATES:
        lines = [f"{{{row.labels}}} 1" for row in rows[family]]
        blocks.append(block(f"{PREFIX}_{family.name}_active", "gauge", family.help, lines))
    return "".join(blocks)


def _within(hosts: Iterable[HostReadings], limit: int) -> tuple[list[HostReadings], int]:
    """Return the hosts whose series fit within ``limit``, and the number of hosts left out."""
    shown, omitted = [], 0
    for each in hosts:
        needed = 1 + sum(_size(reading) for reading in each.readings)
        if needed <= limit:
            limit -= needed
            shown.append(each)
        else:
            omitted += 1
    return shown, omitted


def _size(reading: Reading) -> int:
    """Return the largest number of series that ``reading`` can have."""
    family = family_of(reading.channel)
    if family not in SAMPLES or reading.stale:
        return 1
    single, several = _shape(family)
    found = (reading.values.get(name) for name in several)
    return 1 + single + sum(len(value) for value in found if value is not None)


@cache
def _shape(family: Family) -> tuple[int, tuple[str, ...]]:
    """Return how many metrics have one series per sample, and the fields of the other metrics.

    The number includes the info metric.
    """
    metrics = metrics_of(family)
    several = tuple(metric.field.name for metric in metrics if metric.label)
    return 1 + len(metrics) - len(several), several


def _row(host: str, family: Family, reading: Reading) -> _Row:
    places = zip(family.labels, place_of(reading.channel).values(), strict=True)
    labels = {"host": host, **dict(places)}
    for field in label_fields(family):
        labels[field.label] = reading.values.get(field.name)  # type: ignore[assignment]
    return _Row(labels_of(labels), reading.values)


def _host_blocks(hosts: Sequence[HostReadings], omitted: int) -> Iterator[str]:
    up = (f"{{{labels_of({'host': each.host})}}} {int(each.up)}" for each in hosts)
    yield block(f"{PREFIX}_host_up", "gauge", _UP, up)
    ages = (
        f"{{{labels_of({'host': each.host, 'channel': reading.channel})}}} {reading.age:.3f}"
        for each in hosts
        for reading in each.readings
        if family_of(reading.channel) in SAMPLES
    )
    yield block(f"{PREFIX}_sample_age_seconds", "gauge", _AGE, ages)
    yield block(f"{PREFIX}_hosts_omitted", "gauge", _OMITTED, [f" {omitted}"])


def _family_blocks(family: Family, rows: Sequence[_Row]) -> Iterator[str]:
    for metric in metrics_of(family):
        lines = _item_lines(metric, rows) if metric.label else _single_lines(metric, rows)
        yield block(metric.name, metric.kind, metric.help, lines)
    texts = info_fields(family)
    if texts:
        meaning = f"Text fields of {family.channel} as labels; the value is always 1"
        yield block(info_name(family), "gauge", meaning, _info_lines(family, rows))


def _single_lines(metric: Metric, rows: Iterable[_Row]) -> list[str]:
    name, single, (_, factor, divisor) = metric.field.name, metric.single, metric.unit
    found = [(row.labels, row.values.get(name)) for row in rows]
    if single is not None:
        return [f"{{{labels}}} {single(value)}" for labels, value in found if value is not None]
    if factor == divisor:
        return [f"{{{labels}}} {value}" for labels, value in found if value is not None]
    return [
        f"{{{labels}}} {value * factor / divisor}" for labels, value in found if value is not None
    ]


def _item_lines(metric: Metric, rows: Iterable[_Row]) -> list[str]:
    name, items, (_, factor, divisor) = metric.field.name, metric.items, metric.unit
    return [
        f'{{{labels},{metric.label}="{escaped(item)}"}} {number * factor / divisor}'
        for labels, values in rows
        for item, number in items(values.get(name) or {})
        if number is not None
    ]


def _info_lines(family: Family, rows: Iterable[_Row]) -> Iterator[str]:
    texts = info_fields(family)
    for labels, values in rows:
        more = labels_of({field.name: values.get(field.name) for field in texts})
        if more:
            yield f"{{{labels},{more}}} 1"
