"""Reports over REST."""

from dataclasses import replace

import pytest

from api.reports.page import POLICY
from telemetry.bus.messages import Publication
from telemetry.samples import Sample
from tests.api.reports.examples import finding
from tests.api.running import RunningApi, cpu
from tests.api.runs.examples import MINUTE, begun, ended
from tests.api.runs.test_routes import publish
from tests.services.processes import wait_until

PATH = "/api/v1/system/runs"
GPU = {"utilization": 75.0, "memory_used": 8, "memory_total": 2**33, "temperature": 60.0}


def gpu(index: int, timestamp: int) -> Sample:
    return Sample(f"system/gpu/{index}", "alpha", timestamp, {**GPU, "power": 200.0})


@pytest.fixture
def api_with_a_run(api: RunningApi) -> RunningApi:
    begin = begun("r-1", 10 * MINUTE, gpus=["1"])
    api.writer.write([begin, ended(begin, 5 * MINUTE, exit_code=1)])
    api.writer.write([gpu(index, begin.timestamp + 2000) for index in (0, 1)])
    api.writer.write([cpu(age=6 * MINUTE), cpu(age=MINUTE)])
    return api


def test_a_report_is_one_html_file_with_its_own_policy(api_with_a_run: RunningApi) -> None:
    answer = api_with_a_run.get(f"{PATH}/r-1/report")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.startswith("<!doctype html>")
    assert "exit code 1" in answer.text
    assert "GPU 1" in answer.text
    assert "GPU 0" not in answer.text


def test_a_report_as_json_has_the_same_content(api_with_a_run: RunningApi) -> None:
    answer = api_with_a_run.json(f"{PATH}/r-1/report", format="json")
    run = answer["run"]
    assert (run["id"], run["state"], run["exit_code"]) == ("r-1", "ended", 1)
    assert (answer["start"], answer["end"]) == (run["started"], run["ended"])
    charts = {each["title"]: each for each in answer["charts"]}
    (line,) = charts["GPU utilization"]["series"]
    assert (line["name"], line["values"]) == ("GPU 1", [75.0])
    (line,) = charts["CPU utilization"]["series"]
    assert len(line["values"]) == 1  # what came after the end is not in it


def test_a_finding_that_begins_just_after_the_end_may_be_its_cause(api: RunningApi) -> None:
    begin = begun("r-1", 10 * MINUTE)
    end = ended(begin, 5 * MINUTE, exit_code=None, signal="SIGKILL")
    times = {"host": end.timestamp + 6000, "gpu0": end.timestamp + MINUTE}
    found = [
        replace(finding(1, subject, since=time), timestamp=time, host="alpha")
        for subject, time in times.items()
    ]
    api.writer.write([begin, end, *found])
    answer = api.json(f"{PATH}/r-1/report", format="json")
    assert [each["subject"] for each in answer["notices"]] == ["host"]


def test_a_run_under_way_has_a_report_until_now(api: RunningApi) -> None:
    begin = begun("r-2", MINUTE, gpus=[])
    publish(api, begin)
    api.writer.write([cpu(age=1000)])
    answer = api.json(f"{PATH}/r-2/report", format="json")
    assert answer["run"]["state"] == "running"
    assert answer["end"] - answer["start"] >= MINUTE
    assert [each["title"] for each in answer["charts"]] == ["CPU utilization"]


def test_a_lost_run_has_a_report_until_its_host_was_last_seen(api: RunningApi) -> None:
    begin = begun("r-3", 10 * MINUTE)
    last = cpu(age=4 * MINUTE)
    api.feed(last)
    api.writer.write([begin, last])
    answer = api.json(f"{PATH}/r-3/report", format="json")
    assert (answer["run"]["state"], answer["end"]) == ("lost", last.timestamp)


def test_an_unknown_run_has_no_report(shared_api: RunningApi) -> None:
    assert shared_api.error(f"{PATH}/nothing/report")[:2] == (404, "unknown_run")
    assert shared_api.error(f"{PATH}/nothing/report", format="pdf")[0] == 422


def test_a_client_can_wait_for_the_end_of_a_run(api: RunningApi) -> None:
    begin = begun("r-4", MINUTE)
    publish(api, begin)
    status, code, message = api.error(f"{PATH}/r-4/report", ended=True)
    assert (status, code) == (404, "unknown_run")
    assert message == "The end of run 'r-4' is not known yet."
    topic = api.settings.topics.topic("alpha", begin.channel)
    api.bus.publish(Publication(topic, ended(begin).payload(), retain=False))
    api.bus.publish(Publication(topic, b"", retain=True))
    path = f"{PATH}/r-4/report"
    wait_until(lambda: api.get(path, ended=True).status_code == 200, "the report")


@pytest.mark.parametrize("started", [0, 253_402_300_799_999, 2**62])
@pytest.mark.parametrize("ending", [0, 253_402_300_799_999, 2**62])
def test_a_run_with_impossible_times_has_a_report(
    api: RunningApi, started: int, ending: int
) -> None:
    begin = begun("r-5")
    values = {**begin.values, "started": started}
    end = ended(begin)
    api.writer.write(
        [
            replace(begin, values=values),
            replace(end, values={**values, "ended": ending, "summary": None}),
            replace(finding(1, "host", since=started), timestamp=begin.timestamp, host="alpha"),
        ]
    )
    assert api.get(f"{PATH}/r-5/report").status_code == 200
    report = api.json(f"{PATH}/r-5/report", format="json")
    assert report["start"] < report["end"]
    assert api.json(f"{PATH}/r-5")["started"] == started
