"""`/metrics`: the readings of a fleet for Prometheus."""

import gzip

import pytest

from telemetry.status import CollectorState
from tests.api.running import SECONDS, RunningApi, cpu, gpu, status
from tests.services.processes import wait_until
from tests.services.prometheus import promtool
from tests.states import FINDING_CHANNEL, finding
from tests.telemetry.exposition.test_readings import series

PATH = "/metrics"
UP = "system_monitor_host_up"
CPU = "system_monitor_cpu_utilization_ratio"


def scraped(api: RunningApi, **parameters: object) -> dict[tuple[str, str], float]:
    """Return the values by name and host."""
    found = series(api.get(PATH, **parameters).text)
    return {(name, dict(labels).get("host", "")): value for (name, labels), value in found.items()}


def test_the_readings_of_all_hosts_and_the_state_of_the_parts_are_in_one_response(
    api: RunningApi,
) -> None:
    api.feed(cpu("alpha"), gpu(0, "alpha"), status("alpha"), cpu("beta"), status("beta"))
    found = scraped(api)
    assert found[CPU, "alpha"] == found[CPU, "beta"] == 0.125
    assert found[UP, "alpha"] == found[UP, "beta"] == 1
    assert found["system_monitor_gpu_temperature_celsius", "alpha"] == 60
    assert found["system_monitor_api_hosts", ""] == 2


def test_everything_that_is_served_passes_promtool(shared_api: RunningApi) -> None:
    assert promtool("check", "metrics", given=shared_api.get(PATH).content) == ""


def test_a_scrape_can_be_limited_to_some_hosts(api: RunningApi) -> None:
    api.feed(cpu("alpha"), cpu("beta"), cpu("gamma"))
    found = scraped(api, host=["alpha", "gamma", "alpha"])
    assert {host for name, host in found if name == CPU} == {"alpha", "gamma"}
    assert ("system_monitor_info", "") not in found


def test_a_host_that_was_asked_for_and_is_not_known_is_down(api: RunningApi) -> None:
    assert scraped(api, host="nobody")[UP, "nobody"] == 0


def test_a_scrape_can_be_limited_to_a_number_of_series(api: RunningApi) -> None:
    api.feed(cpu("alpha"), cpu("beta"))
    found = scraped(api, limit=15)
    assert found["system_monitor_hosts_omitted", ""] == 1
    assert {host for name, host in found if name == CPU} == {"alpha"}
    assert api.error(PATH, limit=0)[0] == 422


def test_stale_readings_are_left_out_and_their_age_is_not(api: RunningApi) -> None:
    api.feed(cpu(age=25_000), status(interval=1.0))
    found = scraped(api)
    assert (CPU, "alpha") not in found
    assert found["system_monitor_sample_age_seconds", "alpha"] >= 25


@pytest.mark.parametrize(
    ("age", "state", "up"),
    [
        (0, CollectorState.ONLINE, 1),
        (0, CollectorState.OFFLINE, 0),
        (31_000, CollectorState.ONLINE, 0),
    ],
)
def test_a_host_is_up_while_its_collector_is_online_and_not_silent(
    api: RunningApi, age: int, state: CollectorState, up: int
) -> None:
    fed = status(state=state)
    api.feed(status(state=state, timestamp=fed.timestamp - age))
    wait_until(lambda: scraped(api).get((UP, "alpha")) == up, "it is up or down", SECONDS)


def test_a_finding_is_active_until_the_broker_no_longer_retains_it(api: RunningApi) -> None:
    name = ("system_monitor_finding_active", "alpha")
    topic = api.settings.topics.topic("alpha", FINDING_CHANNEL)
    api.send_raw(topic, finding().payload())
    wait_until(lambda: scraped(api).get(name) == 1, "the finding is active", SECONDS)
    api.send_raw(topic, b"")
    wait_until(lambda: name not in scraped(api), "the finding has ended", SECONDS)


def test_prometheus_gets_the_response_compressed(shared_api: RunningApi) -> None:
    with shared_api.client.stream("GET", PATH, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        body = gzip.decompress(b"".join(answer.iter_raw())).decode()
    assert 'system_monitor_host_up{host="alpha"}' in body
    plain = shared_api.get(PATH, host="alpha")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
