"""Responses that are built once for many requests."""

from collections import Counter
from typing import Any

import pytest

from api.live.newest import HostState
from api.rest.responses import HostResponse
from api.rest.views import metrics_of
from tests.api.running import SECONDS, RunningApi, cpu, every_family, gpu, status
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"
GPUS = "/api/v1/system/gpu"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often the metrics of each host are built; let only changes cause it."""
    counts: Counter[str] = Counter()

    def count_and_build(state: HostState, now: int) -> HostResponse:
        counts[state.name] += 1
        return metrics_of(state, now)

    monkeypatch.setattr("api.rest.routes.metrics_of", count_and_build)
    monkeypatch.setattr("api.rest.prebuilt._RESOLUTION", 10**18)
    return counts


def test_the_metrics_are_built_once_for_all_requests_until_they_change(
    api: RunningApi, built: Counter[str]
) -> None:
    api.feed(*every_family(), status())
    same = [api.json(METRICS), api.json(METRICS, host="alpha"), api.json(METRICS)]
    assert same[0] == same[1] == same[2]
    assert built == {"alpha": 1}
    api.feed(cpu(utilization=99.0))
    assert [api.json(METRICS)["cpu"]["utilization"] for _ in range(2)] == [99.0, 99.0]
    assert built == {"alpha": 2}


def test_the_hosts_and_the_paths_have_their_own_responses(
    api: RunningApi, built: Counter[str]
) -> None:
    api.feed(cpu("alpha"), cpu("beta"), gpu(0, "beta"))
    for _ in range(2):
        assert api.json(METRICS)["host"] == "alpha"
        assert api.json(METRICS, host="beta")["host"] == "beta"
        assert len(api.json(GPUS, host="beta")["gpus"]) == 1
    assert built == {"alpha": 1, "beta": 1}


def test_a_value_that_was_removed_disappears_at_once(api: RunningApi, built: Counter[str]) -> None:
    api.feed(cpu(), gpu(0))
    assert len(api.json(METRICS)["gpu"]) == 1
    api.send_raw(api.settings.topics.topic("alpha", "system/gpu/0"), b"")
    wait_until(lambda: api.json(METRICS)["gpu"] == [], "it is removed", SECONDS)
    assert built == {"alpha": 2}


def test_a_host_that_comes_back_gets_no_response_of_its_past(
    api: RunningApi, built: Counter[str]
) -> None:
    api.feed(cpu(utilization=1.0))
    assert api.json(METRICS)["cpu"]["utilization"] == 1.0
    api.send_raw(api.settings.topics.topic("alpha", "system/cpu"), b"")
    wait_until(lambda: not api.live.newest.hosts, "the host is forgotten", SECONDS)
    assert api.error(METRICS)[:2] == (404, "unknown_host")
    api.feed(cpu(utilization=2.0))
    assert api.json(METRICS)["cpu"]["utilization"] == 2.0
    assert built == {"alpha": 2}


def test_the_compressed_response_is_the_same(api: RunningApi, built: Counter[str]) -> None:
    api.feed(*every_family(), status())
    answers: list[Any] = [
        api.client.get(METRICS, headers={"Accept-Encoding": encoding})
        for encoding in ("gzip", "identity", "gzip;q=0")
    ]
    assert [each.headers.get("content-encoding") for each in answers] == ["gzip", None, None]
    assert {each.headers["vary"] for each in answers} == {"Accept-Encoding"}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert built == {"alpha": 1}


def test_the_age_grows_although_nothing_arrives(api: RunningApi) -> None:
    api.feed(cpu())
    first = api.json(METRICS)["cpu"]["age_seconds"]
    wait_until(
        lambda: api.json(METRICS)["cpu"]["age_seconds"] > first + 0.2, "it is older", SECONDS
    )
