"""Runs over REST."""

import json

from telemetry.bus.messages import Publication
from telemetry.events import Event
from tests.api.running import RunningApi
from tests.api.runs.examples import EXAMPLE, MINUTE, begun, ended
from tests.services.processes import wait_until

PATH = "/api/v1/system/runs"


def publish(api: RunningApi, event: Event) -> None:
    """Publish the state of a run under way, and wait until the API knows it."""
    topic = api.settings.topics.topic("", event.channel)
    api.bus.publish(Publication(topic, event.payload(), retain=True))

    def known() -> bool:
        host = api.live.newest.hosts.get(event.host or "")
        return host is not None and event.channel in host.updates

    wait_until(known, "the run is known")


def test_runs_are_listed_newest_first_with_all_their_fields(api: RunningApi) -> None:
    first, second = begun("a", 3 * MINUTE), begun("b", 2 * MINUTE, name="second")
    api.writer.write([first, ended(first), second, ended(second, exit_code=None, signal="SIGKILL")])
    publish(api, begun("c"))
    answer = api.json(PATH)
    assert [each["id"] for each in answer["runs"]] == ["c", "b", "a"]
    assert [each["state"] for each in answer["runs"]] == ["running", "ended", "ended"]
    assert answer["next"] is None
    assert answer["runs"][0].keys() == {"id", "timestamp", "host", "state", *EXAMPLE}
    assert answer["runs"][1]["signal"] == "SIGKILL"
    assert [each["id"] for each in api.json(PATH, name="second")["runs"]] == ["b"]
    assert [each["id"] for each in api.json(PATH, state="running")["runs"]] == ["c"]


def test_pages_follow_each_other(api: RunningApi) -> None:
    api.writer.write([begun(str(number), (number + 1) * MINUTE) for number in range(5)])
    found, end = [], ""
    while True:
        page = api.json(PATH, limit=2, **({"end": end} if end else {}))
        found.append([each["id"] for each in page["runs"]])
        end = page["next"]
        if end is None:
            break
    assert found == [["0", "1"], ["2", "3"], ["4"]]


def test_a_run_is_found_by_its_id_under_way_and_after_its_end(api: RunningApi) -> None:
    begin = begun("a", tags=["<b>"])
    publish(api, begin)
    assert api.json(f"{PATH}/a")["state"] == "running"
    api.writer.write([begin, ended(begin)])
    answer = api.json(f"{PATH}/a")
    assert (answer["state"], answer["tags"], answer["exit_code"]) == ("ended", ["<b>"], 0)
    assert answer["summary"] == json.loads(json.dumps(EXAMPLE["summary"]))


def test_the_same_id_on_several_hosts_needs_the_name_of_the_host(api: RunningApi) -> None:
    api.writer.write([begun("a", 2 * MINUTE, "beta"), begun("a", MINUTE, "gamma")])
    for path in (f"{PATH}/a", f"{PATH}/a/report"):
        assert api.error(path) == (
            *(409, "ambiguous_run"),
            "Run 'a' exists on 2 hosts, such as 'beta': add the parameter `host`.",
        )
    assert api.json(f"{PATH}/a", host="beta")["host"] == "beta"
    assert api.error(f"{PATH}/a", host="x")[:2] == (404, "unknown_run")


def test_an_unknown_run_and_an_impossible_id_are_errors(shared_api: RunningApi) -> None:
    assert shared_api.error(f"{PATH}/nothing") == (
        *(404, "unknown_run"),
        "Run 'nothing' is not known.",
    )
    status, code, _ = shared_api.error(f"{PATH}/{'x' * 65}")
    assert (status, code) == (422, "wrong_parameter")


def test_a_run_whose_clock_is_ahead_is_listed(api: RunningApi) -> None:
    api.writer.write([begun("a", -10 * MINUTE)])
    assert [each["id"] for each in api.json(PATH)["runs"]] == ["a"]
