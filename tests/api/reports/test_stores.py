"""Runs and reports are the same with both stores."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.window import Spans
from tests.api.reports.examples import finding, over
from tests.api.running import RunningApi, cpu, running_api
from tests.api.runs.examples import MINUTE, begun, ended
from tests.services.influxdb import Influxdb
from tests.telemetry.history.samples import INTERVAL

SPANS = Spans(3_600_000)
PATH = "/api/v1/system/runs"


@pytest.fixture
def both(
    shared_bus: BusConnection, influxdb: Influxdb, tmp_path: Path
) -> Iterator[tuple[RunningApi, RunningApi]]:
    """Run an API with each store; both have the same run and samples."""
    account = (influxdb.url, influxdb.token, influxdb.org, influxdb.new_bucket())
    begin = begun("r-1", 20 * MINUTE, gpus=[])
    start = finding(0, "host", since=begin.timestamp + MINUTE)
    found = replace(start, timestamp=begin.timestamp + MINUTE, host="alpha")
    end = replace(over(found, 0), timestamp=begin.timestamp + 5 * MINUTE)
    samples = [
        cpu(age=age, utilization=age % 90_000 / 1000) for age in range(0, 25 * MINUTE, INTERVAL)
    ]
    events = [begin, ended(begin, 10 * MINUTE, exit_code=2), found, end]
    with (
        running_api(shared_bus, tmp_path / "sqlite") as sqlite,
        running_api(shared_bus, tmp_path, reader=InfluxdbReader(*account, SPANS)) as other,
        closing(InfluxdbWriter(*account, SPANS)) as writer,
    ):
        writer.open()
        writer.write([*events, *samples])
        sqlite.writer.write([*events, *samples])
        yield sqlite, other


def test_runs_and_reports_are_the_same_with_both_stores(
    both: tuple[RunningApi, RunningApi],
) -> None:
    runs = [api.json(PATH) for api in both]
    assert runs[0] == runs[1]
    assert [(each["id"], each["exit_code"]) for each in runs[0]["runs"]] == [("r-1", 2)]
    reports: list[Any] = [api.json(f"{PATH}/r-1/report", format="json") for api in both]
    for one, other in zip(reports[0].pop("charts"), reports[1].pop("charts"), strict=True):
        assert one["title"] == other["title"]
        for line, same in zip(one["series"], other["series"], strict=True):
            assert line["timestamps"] == same["timestamps"]
            assert line["values"] == pytest.approx(same["values"])
            assert len(line["values"]) == 10 * MINUTE // INTERVAL
    assert reports[0] == reports[1]
    (notice,) = reports[0]["notices"]
    assert notice["until"] - notice["since"] == 4 * MINUTE
