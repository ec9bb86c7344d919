"""Builds the queries that Grafana's panels use to read a metric of the catalogue."""

from telemetry.catalogue import Family, Kind
from telemetry.exposition.metrics import Metric


def promql(family: Family, metric: Metric) -> str:
    """Return the Prometheus query for ``metric``.

    For a counter, the query returns the rate per second.
    """
    gpu = ',gpu=~"$gpu"' if "gpu" in family.labels else ""
    series = f'{metric.name}{{host=~"$host"{gpu}}}'
    return f"rate({series}[$__rate_interval])" if metric.kind == "counter" else series


def flux(family: Family, metric: Metric) -> str:
    """Return the InfluxDB query for ``metric``.

    The values have the same unit as those of the Prometheus query. If ``metric`` is a counter, the
    query returns its rate per second. In Grafana, users can choose the bucket of samples or the
    bucket of one-minute points; the query works with both. In the bucket of one-minute points, the
    tag ``aggregate`` distinguishes means, minima and maxima; the query uses the means.
    """
    gpu = " and r.gpu =~ /^${gpu:regex}(:|$)/" if "gpu" in family.labels else ""
    kept = ["_time", "_value", "host", *(["gpu"] if gpu else [])]
    kept += ["_field"] if metric.label else []
    rate = "\n  |> derivative(unit: 1s, nonNegative: true)" if metric.kind == "counter" else ""
    columns = ", ".join(f'"{each}"' for each in kept)
    return (
        'from(bucket: "${bucket}")\n'
        "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)\n"
        f'  |> filter(fn: (r) => r._measurement == "{family.name}" and {_field(metric)})\n'
        f"  |> filter(fn: (r) => r.host =~ /^${{host:regex}}$/{gpu})\n"
        '  |> filter(fn: (r) => not exists r.aggregate or r.aggregate == "mean")\n'
        f"  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false){rate}\n"
        f"  |> map(fn: (r) => ({{r with _value: r._value * {metric.unit.factor}.0"
        f" / {metric.unit.divisor}.0}}))\n"
        f"  |> keep(columns: [{columns}])"
    )


def legend(family: Family, metric: Metric) -> str:
    """Return the template from which Grafana builds each series' name in a Prometheus panel."""
    labels = [*family.labels, *([metric.label] if metric.label else [])]
    return " ".join(["{{host}}", *(f"{label} {{{{{label}}}}}" for label in labels)])


def _field(metric: Metric) -> str:
    field = metric.field
    match field.kind:
        case Kind.GROUPS:
            return rf"r._field =~ /^{field.name}\..*\.{metric.member}$/"
        case Kind.NUMBERS | Kind.NUMBERS_BY_NAME:
            return rf"r._field =~ /^{field.name}\./"
    return f'r._field == "{field.name}"'
