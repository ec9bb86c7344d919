"""Reports in the format of Prometheus. Imports its client, which takes 3 MB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from telemetry import __version__
from telemetry.reports import Count, CountKind, Report, Reporter

CONTENT_TYPE: str = CONTENT_TYPE_LATEST
_PREFIX = "system_monitor"


class _Reports(Collector):
    """Reads the parts' counters at each scrape, and does not store them."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self._reporters = reporters

    def collect(self) -> Iterator[Metric]:
        yield from metrics_of(reporter() for reporter in self._reporters)


def registry_of(reporters: Sequence[Reporter]) -> CollectorRegistry:
    """Return a separate registry that calls ``reporters`` at each scrape."""
    registry = CollectorRegistry()
    registry.register(_Reports(reporters))
    return registry


def text_of(reports: Iterable[Report]) -> bytes:
    """Return ``reports`` in Prometheus' text format."""
    fixed = list(reports)
    return generate_latest(registry_of([lambda report=report: report for report in fixed]))  # type: ignore[misc]


def metrics_of(reports: Iterable[Report]) -> Iterator[Metric]:
    """Yield the metric families of ``reports``."""
    version = GaugeMetricFamily(
        f"{_PREFIX}_info", "The running version; always 1", labels=["version"]
    )
    version.add_metric([__version__], 1)
    yield version
    ready = GaugeMetricFamily(
        f"{_PREFIX}_ready", "Whether the part can do its work (1) or not (0)", labels=["part"]
    )
    families = []
    for report in reports:
        ready.add_metric([report.part], float(report.problem is None))
        families += [_family(report.part, count) for count in report.counts]
    yield ready
    yield from families


def _family(part: str, count: Count) -> Metric:
    kind = CounterMetricFamily if count.kind is CountKind.COUNTER else GaugeMetricFamily
    labels = [] if count.label is None else [count.label]
    family = kind(f"{_PREFIX}_{part}_{count.name}", count.help, labels=labels)
    if isinstance(count.value, Mapping):
        for label, value in count.value.items():
            family.add_metric([label], value)
    else:
        family.add_metric([], count.value)
    return family
