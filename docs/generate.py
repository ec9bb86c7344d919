"""Generates the files and tables that are derived from the code: ``make docs``.

These are tables in docs/, the manual page, the Grafana dashboards, and the catalogue and types of
our own dashboard. A test fails if a generated file is out of date.

In a page, a generated table is between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from api.rest.overview import OverviewResponse
from api.rest.responses import (
    AnnotationsResponse,
    ErrorResponse,
    FindingsResponse,
    HistoryResponse,
    HostsResponse,
)
from api.runs.responses import RunsResponse
from docs import asyncapi, openapi
from docs.findings import detectors_sections, kinds_table
from docs.grafana import INFLUXDB, PROMETHEUS, dashboard
from docs.manpage import manpage
from docs.markdown import table
from docs.peers import PEERS
from docs.typescript import interfaces
from telemetry.catalogue import FAMILIES, SAMPLES, STATUS_CHANNEL, Family, Field, Kind, Retention
from telemetry.exposition.metrics import info_fields, info_name, label_fields, metrics_of
from telemetry.exposition.text import PREFIX
from telemetry.settings import file_setting
from telemetry.settings.fields import SettingFields

ROOT = Path(__file__).parents[1]
_PAGES = ("asyncapi", "channels", "detectors", "findings", "prometheus", "rest", "settings")
FILES = tuple(ROOT / "docs" / f"{name}.md" for name in _PAGES)
MANPAGE = ROOT / "deploy" / "system-monitor.1"
_PAGE = ROOT / "api" / "dashboard" / "src"
CATALOGUE = _PAGE / "catalogue.json"
CONTRACT = _PAGE / "bus" / "contract.ts"
DASHBOARDS = {
    ROOT / "deploy" / "grafana" / f"{source.identity}.json": source
    for source in (PROMETHEUS, INFLUXDB)
}
_BLOCK = re.compile(r"<!-- begin (?P<name>\w+) -->\n.*?<!-- end (?P=name) -->", re.DOTALL)

_KEPT = {
    Retention.NONE: "not kept",
    Retention.WINDOW: "`history_hours`",
    Retention.DAYS: "`history_days`",
}


def settings_table() -> str:
    """Return a table with a row for each setting."""
    rows = []
    for name, field in SettingFields.model_fields.items():
        no_default = field.default_factory or field.default in (None, "", ())
        default = str(field.default).lower() if field.annotation is bool else field.default
        in_file = (
            f"To read the value from a file, set `{file_setting(name)}`."
            if name in SettingFields.secrets()
            else ""
        )
        meaning = " ".join(filter(None, (field.description, _allowed(field.metadata), in_file)))
        rows.append((f"`{name}`", "" if no_default else f"`{default}`", meaning))
    return table(("setting", "default", "meaning"), rows)


def _allowed(constraints: Iterable[object]) -> str:
    """Return a sentence with the range of values that pydantic's ``constraints`` allow."""
    words = {"ge": "from", "gt": "above", "le": "to"}
    bounds = [
        f"{word} {getattr(constraint, name):g}"
        for constraint in constraints
        for name, word in words.items()
        if hasattr(constraint, name)
    ]
    return f"Allowed: {' '.join(bounds)}." if bounds else ""


def channels_table() -> str:
    """Return a table with a row for each channel and its fields."""
    rows = [
        (
            f"`{family.channel}`",
            ", ".join(f"`{field.name}`" for field in family.fields if field.fixed),
            ", ".join(f"`{field.name}`" for field in family.fields if not field.fixed),
            str(family.nature),
            _KEPT[family.retention],
            family.help,
        )
        for family in FAMILIES
    ]
    status = "Whether the collector is online, and the state of each sensor."
    counts = "`version`, `started`, `interval`, `sensors`, `waiting`, `dropped`, `last_will`"
    rows.append((f"`{STATUS_CHANNEL}`", "`state`", counts, "sample", _KEPT[Retention.NONE], status))
    head = ("channel = topic", "fixed fields", "other fields", "nature", "kept for", "what")
    return table(head, rows)


def fields_tables() -> str:
    """Return a table of all fields for each channel."""
    return "\n\n".join(
        f"## `{family.channel}`\n\n{family.help}\n\n"
        + table(("field", "type", "unit", "meaning", "example"), _field_rows(family))
        for family in FAMILIES
    )


def _field_rows(family: Family) -> Iterable[tuple[str, ...]]:
    for field in family.fields:
        yield _field_row(field)
        if field.kind in (Kind.RECORDS, Kind.RECORD):
            owner = "each item" if field.kind is Kind.RECORDS else f"`{field.name}`"
            for member in field.members:
                name, *rest = _field_row(member)
                yield f"{name} of {owner}", *rest


def _field_row(field: Field) -> tuple[str, ...]:
    example = json.dumps(field.example, ensure_ascii=False)
    return f"`{field.name}`", str(field.kind), field.unit, field.help, f"`{example}`"


def metrics_table() -> str:
    """Return a table of the metrics that are generated from the catalogue."""
    rows = []
    for family in SAMPLES:
        labels = ["host", *family.labels, *(field.label for field in label_fields(family))]
        for metric in metrics_of(family):
            more = [metric.label] if metric.label else []
            rows.append((metric.name, ", ".join([*labels, *more]), metric.help))
        if texts := [field.name for field in info_fields(family)]:
            meaning = "always 1; the text fields of the channel are labels"
            rows.append((info_name(family), ", ".join([*labels, *texts]), meaning))
    return table(("metric", "labels", "meaning"), [(f"`{name}`", *rest) for name, *rest in rows])


def peers_table() -> str:
    """Return a table of metrics that other exporters also have, with the name in each."""
    rows = [
        (f"`{PREFIX}_{ours}`", *(f"`{name}`" if name else "" for name in names))
        for ours, names in PEERS.items()
    ]
    return table(("System Monitor", "dcgm-exporter", "nvidia_gpu_exporter", "node_exporter"), rows)


def topics_table() -> str:
    """Return a table with a row for each operation on a topic."""
    return table(("topic", "System Monitor", "QoS", "retained", "what"), asyncapi.topics())


def frames_table() -> str:
    """Return a table with a row for each kind of WebSocket message."""
    return table(("from", "what", "example"), asyncapi.frames())


def paths_tables() -> str:
    """Return a description of each operation of the API, with a table of its parameters."""
    blocks = []
    for name, what, parameters in openapi.operations():
        blocks += [f"### `{name}`", what]
        if parameters:
            blocks.append(table(("parameter", "default", "meaning"), parameters))
    return "\n\n".join(blocks)


TABLES: dict[str, Callable[[], str]] = {
    "topics": topics_table,
    "frames": frames_table,
    "settings": settings_table,
    "channels": channels_table,
    "fields": fields_tables,
    "kinds": kinds_table,
    "detectors": detectors_sections,
    "metrics": metrics_table,
    "paths": paths_tables,
    "peers": peers_table,
}


def rendered(text: str) -> str:
    """Return ``text``, the content of a page, with its generated tables updated."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- begin {name} -->\n{TABLES[name]()}\n<!-- end {name} -->"

    return _BLOCK.sub(block, text)


def catalogue_json() -> str:
    """Return the part of the catalogue that our dashboard needs, as JSON."""
    families = [
        {
            "name": family.name,
            "channel": family.channel,
            "help": family.help,
            "stored": family.retention is Retention.WINDOW,
            "fields": [
                {
                    "name": field.name,
                    "kind": str(field.kind),
                    "unit": field.unit,
                    "help": field.help,
                    "fixed": field.fixed,
                }
                for field in family.fields
            ],
        }
        for family in SAMPLES
    ]
    return json.dumps(families, ensure_ascii=False, indent=2) + "\n"


def contract_types() -> str:
    """Return TypeScript types for the API responses that our dashboard reads."""
    head = "// Generated from the API's response models by `make docs`.\n\n"
    return head + interfaces(
        [
            AnnotationsResponse,
            ErrorResponse,
            FindingsResponse,
            HistoryResponse,
            HostsResponse,
            OverviewResponse,
            RunsResponse,
        ]
    )


def main() -> None:
    """Write each generated file, and update the generated tables in the pages."""
    CONTRACT.write_text(contract_types())
    CATALOGUE.write_text(catalogue_json())
    for file, source in DASHBOARDS.items():
        file.write_text(dashboard(source))
    MANPAGE.write_text(manpage())
    for file in FILES:
        file.write_text(rendered(file.read_text()))


if __name__ == "__main__":
    main()
