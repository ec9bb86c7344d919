"""The dashboards for Grafana: each panel's query is run against a real store and answered."""

import csv
import io
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generate import DASHBOARDS
from docs.grafana import INFLUXDB, PROMETHEUS
from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.api.running import every_family, running_api, status
from tests.services.influxdb import Influxdb
from tests.services.processes import wait_until
from tests.services.prometheus import running_prometheus
from tests.states import FINDING_CHANNEL, finding

DEPLOY = Path(__file__).parents[2] / "deploy"
SECONDS = 30.0
HOUR, DAY = 3_600_000, 86_400_000
PARSED = {source.kind: json.loads(file.read_text()) for file, source in DASHBOARDS.items()}
_VARIABLE = re.compile(r"\$\{?(\w+)")
_LABEL_VALUES = re.compile(r"label_values\((.*), (\w+)\)")
_GRAFANAS_OWN = {"__rate_interval"}


def panels(dashboard: Any) -> Iterator[Any]:
    """Yield each panel, also those in rows."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(dashboard: Any, key: str) -> dict[str, str]:
    """Return the query of each panel by its title."""
    found = [
        (panel["title"], target[key]) for panel in panels(dashboard) for target in targets(panel)
    ]
    return dict(found)


def variables(kind: str) -> dict[str, Any]:
    """Return the query of each variable by its name."""
    listed = PARSED[kind]["templating"]["list"]
    return {each["name"]: each["query"] for each in listed if each["type"] == "query"}


def targets(panel: Any) -> Any:
    return panel.get("targets", ())


@pytest.mark.parametrize("dashboard", PARSED.values(), ids=PARSED)
def test_each_panel_has_an_id_a_place_and_only_variables_that_exist(dashboard: Any) -> None:
    found = list(panels(dashboard))
    assert len({panel["id"] for panel in found}) == len(found) > 50
    variables = {each["name"] for each in dashboard["templating"]["list"]} | _GRAFANAS_OWN
    for panel in found:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        for target in targets(panel):
            assert set(_VARIABLE.findall(json.dumps(target))) <= variables
    assert _VARIABLE.findall(json.dumps(dashboard["templating"]))


def test_both_stores_answer_the_same_questions_about_numbers() -> None:
    prometheus, influxdb = (
        set(queries(PARSED[kind], key))
        for kind, key in (
            (PROMETHEUS.kind, "expr"),
            (INFLUXDB.kind, "query"),
        )
    )
    only = {"Hosts that publish", "GPUs", "Findings", "GPU throttle reason active"}
    assert prometheus - influxdb == only | {
        f"GPU processes {each}" for each in ("listed", "more", "unresolved")
    }
    assert influxdb <= prometheus


def test_prometheus_answers_the_query_of_each_panel(
    shared_bus: BusConnection,
    tmp_path: Path,
) -> None:
    with running_api(shared_bus, tmp_path) as api:
        api.feed(*every_family(), status(interval=60.0))
        api.send_raw(api.settings.topics.topic("alpha", FINDING_CHANNEL), finding().payload())
        with running_prometheus(tmp_path, f"127.0.0.1:{api.server.port}") as prometheus:
            wanted = {
                title: expression.replace("$host", ".*")
                .replace("$gpu", ".*")
                .replace("$__rate_interval", "30s")
                for title, expression in queries(PARSED["prometheus"], "expr").items()
            }
            last = wanted["GPU energy"]  # a rate needs two scrapes
            wait_until(lambda: prometheus.query(last) != [], "two scrapes", SECONDS)
            assert [title for title, each in wanted.items() if not prometheus.query(each)] == []
            for name, query in variables("prometheus").items():
                ((selector, label),) = _LABEL_VALUES.findall(query["query"])
                found = prometheus.query(selector.replace("$host", ".*"))
                assert all(label in labels for labels, _ in found), name
                assert found, name


@pytest.fixture(scope="module")
def buckets(influxdb: Influxdb) -> list[str]:
    """Return a bucket with samples of every family, and that of their minutes."""
    bucket, now = influxdb.new_bucket(), unix_milliseconds()
    writer = InfluxdbWriter(
        influxdb.url, influxdb.token, influxdb.org, bucket, Spans(HOUR, DAY, DAY)
    )
    writer.open()
    writer.write(
        [
            Sample(each.channel, each.host, now - age, each.values)
            for each in every_family()
            if not each.channel.endswith("processes")
            for age in range(30_000, 300_000, 30_000)
        ]
    )
    while writer.roll_up():
        pass
    writer.close()
    return [bucket, f"{bucket}-long"]


@pytest.mark.parametrize("number", [0, 1], ids=["samples", "minutes"])
def test_influxdb_answers_the_query_of_each_panel(
    influxdb: Influxdb, buckets: list[str], number: int
) -> None:
    bucket = buckets[number]
    asked = queries(PARSED["influxdb"], "query") | variables("influxdb")
    rows = {title: answered(influxdb, query, bucket) for title, query in asked.items()}
    assert [title for title, found in rows.items() if not found] == []
    assert {row["_field"] for row in rows["CPU core utilization"]} == {"per_core.0", "per_core.1"}
    assert {float(row["_value"]) for row in rows["GPU utilization"]} == {0.75}
    assert [row["_value"] for row in rows["host"]] == ["alpha"]


def answered(influxdb: Influxdb, query: str, bucket: str) -> list[dict[str, str]]:
    """Return the rows that ``query`` selects, with Grafana's variables replaced as it does."""
    for name, text in (
        ("${bucket}", bucket),
        ("${host:regex}", ".*"),
        ("${gpu:regex}", ".*"),
        ("v.timeRangeStart", "-10m"),
        ("v.timeRangeStop", "now()"),
        ("v.windowPeriod", "10s"),
    ):
        query = query.replace(name, text)
    request = urllib.request.Request(  # noqa: S310 - http
        f"{influxdb.url}/api/v2/query?org={influxdb.org}",
        data=query.encode(),
        headers={
            "Authorization": f"Token {influxdb.token}",
            "Content-Type": "application/vnd.flux",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http
        return list(csv.DictReader(io.StringIO(answer.read().decode().strip())))


def test_what_the_provisioning_names_is_what_compose_mounts() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    provisioned = "".join(
        file.read_text() for file in (DEPLOY / "grafana" / "provisioning").rglob("*.yaml")
    )
    for path in ("/var/lib/grafana-dashboards", "/run/secrets/influxdb_token"):
        assert path in provisioned
    assert "./grafana:/var/lib/grafana-dashboards:ro" in compose
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in compose
    for service in re.findall(r"http://(\w+):", provisioned):
        assert f"\n  {service}:\n" in compose
