"""Writes the readiness and the metrics of System Monitor's parts, such as the ingester."""

from collections.abc import Iterable, Iterator, Mapping

from telemetry import __version__
from telemetry.exposition.text import PREFIX, block, labels_of
from telemetry.reports import Count, CountKind, Report


def reports_text(reports: Iterable[Report]) -> str:
    """Return ``reports`` in Prometheus' text format."""
    return "".join(_blocks(list(reports)))


def _blocks(reports: list[Report]) -> Iterator[str]:
    version = _line({"version": __version__}, 1)
    meaning = "The running version, as a label; the value is always 1"
    yield block(f"{PREFIX}_info", "gauge", meaning, [version])
    ready = [_line({"part": report.part}, float(report.problem is None)) for report in reports]
    meaning = "Whether the part can do its work (1) or not (0)"
    yield block(f"{PREFIX}_ready", "gauge", meaning, ready)
    for report in reports:
        for count in report.counts:
            yield _block(report.part, count)


def _block(part: str, count: Count) -> str:
    total = "_total" if count.kind is CountKind.COUNTER else ""
    if isinstance(count.value, Mapping):
        label = count.label or ""
        lines = [_line({label: item}, value) for item, value in count.value.items()]
    else:
        lines = [_line({}, count.value)]
    return block(f"{PREFIX}_{part}_{count.name}{total}", str(count.kind), count.help, lines)


def _line(labels: Mapping[str, object], value: float) -> str:
    inside = labels_of(labels)
    return f"{f'{{{inside}}}' if inside else ''} {float(value)}"
