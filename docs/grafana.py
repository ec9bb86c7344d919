"""Grafana's dashboards, one for Prometheus and one for InfluxDB, generated from the catalogue.

Each dashboard starts with a hand-picked overview. Below it, each family of channels has a collapsed
row with a panel for each metric, so a new numeric field gets a panel automatically.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from docs.queries import flux, legend, promql
from telemetry.catalogue import SAMPLES, Family, Kind, Retention
from telemetry.exposition.metrics import Metric, metrics_of
from telemetry.exposition.text import PREFIX

_UNITS = {  # Grafana's name of a unit, by our name of it in Prometheus
    "ratio": "percentunit",
    "bytes": "bytes",
    "bytes_per_second": "Bps",
    "hertz": "hertz",
    "seconds": "s",
    "celsius": "celsius",
    "watts": "watt",
    "joules": "joule",
    "": "short",
}
_OVERVIEW = (
    *("gpu_utilization_ratio", "gpu_memory_used_bytes", "gpu_temperature_celsius"),
    *("gpu_power_watts", "gpu_throttle_share_ratio", "gpu_pcie_rx_bytes_per_second"),
    *("cpu_utilization_ratio", "memory_available_bytes", "disk_pressure_some_ratio"),
    *("disk_device_read_bytes_per_second", "disk_device_write_bytes_per_second"),
    "network_interface_download_bytes_per_second",
)
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 24
_NOT_IN_INFLUXDB = (Kind.TEXTS, Kind.RECORDS)


@dataclass(frozen=True, slots=True)
class Source:
    """A Grafana data source, and the properties of the dashboard that reads it.

    ``kind`` is Grafana's name for the data source's type. ``title`` and ``identity`` are the
    dashboard's title and UID. Above the panels, users select the values of ``variables``.
    """

    kind: str
    title: str
    identity: str
    variables: tuple[dict[str, Any], ...]

    def has(self, family: Family, metric: Metric) -> bool:
        """Return whether this data source stores ``metric``."""
        if self.kind == "prometheus":
            return True
        stored = family.retention is Retention.WINDOW
        return stored and metric.field.kind not in _NOT_IN_INFLUXDB

    def target(self, family: Family, metric: Metric) -> dict[str, Any]:
        """Return the query of a panel that shows ``metric``."""
        if self.kind == "prometheus":
            return {"expr": promql(family, metric), "legendFormat": legend(family, metric)}
        return {"query": flux(family, metric)}


def dashboard(source: Source) -> str:
    """Return, as JSON, the dashboard that reads ``source``."""
    shown = {metric.name: (family, metric) for family, metric in _metrics(source)}
    chosen = [shown[name] for each in _OVERVIEW if (name := f"{PREFIX}_{each}") in shown]
    panels = _grid([*_extra(source), *(_panel(source, *each) for each in chosen)])
    below = len(panels) * _HEIGHT
    for family in SAMPLES:
        inside = [
            _panel(source, family, metric) for each, metric in shown.values() if each is family
        ]
        if inside:
            panels.append(_row(family, _grid(inside, below + 1), below))
            below += 1
    _number(panels)
    body = {
        "uid": source.identity,
        "title": source.title,
        "tags": ["system-monitor"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(source.variables)},
        "annotations": {"list": []},
        "panels": panels,
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _metrics(source: Source) -> Iterator[tuple[Family, Metric]]:
    for family in SAMPLES:
        yield from ((family, metric) for metric in metrics_of(family) if source.has(family, metric))


def _panel(source: Source, family: Family, metric: Metric) -> dict[str, Any]:
    unit = _UNITS[metric.unit.name]
    if metric.kind == "counter":
        unit = "watt" if unit == "joule" else "short"
    help_text = f"{metric.help[:1].upper()}{metric.help[1:]}"
    if metric.kind == "counter":
        help_text += " (shown per second)"
    target, least = source.target(family, metric), metric.field.minimum
    return _chart(source, _title(metric), help_text, unit, target, least=least)


def _title(metric: Metric) -> str:
    words = metric.name.removeprefix(f"{PREFIX}_").removesuffix("_total")
    words = words.removesuffix(f"_{metric.unit.name}").replace("_", " ")
    for word in ("gpu", "cpu", "mig", "ram", "pcie", "nvlink", "ecc", "sm"):
        words = " ".join(each.upper() if each == word else each for each in words.split())
    return words[:1].upper() + words[1:]


def _extra(source: Source) -> Iterable[dict[str, Any]]:
    """Return the panels that do not show a metric of the catalogue."""
    if source.kind != "prometheus":
        return
    yield _stat(source, "Hosts that publish", f'sum({PREFIX}_host_up{{host=~"$host"}})')
    yield _stat(source, "GPUs", f'count({PREFIX}_gpu_utilization_ratio{{host=~"$host"}})')
    findings = {
        "expr": f'{PREFIX}_finding_active{{host=~"$host"}}',
        "format": "table",
        "instant": True,
    }
    text = "Active findings of the advisor"
    yield _chart(source, "Findings", text, "short", findings, kind="table")


def _stat(source: Source, title: str, expression: str) -> dict[str, Any]:
    return _chart(source, title, "", "short", {"expr": expression, "instant": True}, kind="stat")


def _chart(
    source: Source,
    title: str,
    text: str,
    unit: str,
    target: dict[str, Any],
    *,
    kind: str = "timeseries",
    least: float | None = None,
) -> dict[str, Any]:
    reference = {"type": source.kind, "uid": "${datasource}"}
    axis = {"unit": unit} if least is None else {"unit": unit, "min": least}
    return {
        "type": kind,
        "title": title,
        "description": text,
        "datasource": reference,
        "fieldConfig": {"defaults": axis, "overrides": []},
        "options": {"tooltip": {"mode": "multi"}} if kind == "timeseries" else {},
        "targets": [{"refId": "A", "datasource": reference, **target}],
    }


def _grid(panels: Sequence[dict[str, Any]], top: int = 0) -> list[dict[str, Any]]:
    across = _COLUMNS // _WIDTH
    return [
        panel
        | {
            "gridPos": {
                "x": index % across * _WIDTH,
                "y": top + index // across * _HEIGHT,
                "w": _WIDTH,
                "h": _HEIGHT,
            }
        }
        for index, panel in enumerate(panels)
    ]


def _row(family: Family, panels: list[dict[str, Any]], y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
    title = f"All metrics of {family.channel}"
    return {"type": "row", "title": title, "collapsed": True, "gridPos": place, "panels": panels}


def _number(panels: Iterable[dict[str, Any]], first: int = 1) -> int:
    """Give an id to each panel, including those inside rows; return the next free id."""
    for panel in panels:
        panel["id"] = first
        first = _number(panel.get("panels", ()), first + 1)
    return first


def _variable(name: str, label: str, query: object, source: str) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": {"type": source, "uid": "${datasource}"},
        "query": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "sort": 3,
    }


def _datasource(kind: str) -> dict[str, Any]:
    return {"type": "datasource", "name": "datasource", "label": "data source", "query": kind}


def _labels(query: str) -> dict[str, Any]:
    return {"query": f"label_values({query})", "refId": "variable"}


def _tags(tag: str) -> str:
    schema = 'import "influxdata/influxdb/schema"\n'
    return f'{schema}schema.tagValues(bucket: "${{bucket}}", tag: "{tag}")'


_BUCKETS = {
    "type": "custom",
    "name": "bucket",
    "label": "bucket",
    "query": "system-monitor,system-monitor-long",
    "description": "The bucket system-monitor has the samples of the last history_hours. The "
    "bucket system-monitor-long has the one-minute points of the last history_days.",
    "current": {"text": "system-monitor", "value": "system-monitor"},
}
PROMETHEUS = Source(
    "prometheus",
    "System Monitor (Prometheus)",
    "system-monitor-prometheus",
    (
        _datasource("prometheus"),
        _variable("host", "host", _labels(f"{PREFIX}_host_up, host"), "prometheus"),
        _variable("gpu", "GPU", _labels(f'{PREFIX}_gpu_info{{host=~"$host"}}, gpu'), "prometheus"),
    ),
)
INFLUXDB = Source(
    "influxdb",
    "System Monitor (InfluxDB)",
    "system-monitor-influxdb",
    (
        _datasource("influxdb"),
        _BUCKETS,
        _variable("host", "host", _tags("host"), "influxdb"),
        _variable("gpu", "GPU", _tags("gpu"), "influxdb"),
    ),
)
