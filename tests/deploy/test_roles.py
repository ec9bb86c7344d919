"""Each part in its own process, with a separate broker."""

import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.monitor import Monitor, running
from tests.deploy.parts import Parts, running_parts
from tests.services.processes import wait_until


def counted(part: Monitor, counter: str) -> float:
    """Return a counter of ``part``, as Prometheus reads it."""
    command = part.process.cmdline()
    port, role = command[command.index("--metrics-port") + 1], command[2]
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    wanted = f"system_monitor_{role}_{counter}"
    (value,) = (sample.value for each in families if each.name == wanted for sample in each.samples)
    return value


@pytest.fixture(params=["broker", pytest.param("mosquitto", marks=pytest.mark.soak)])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Parts]:
    """Run the three with the embedded broker and with Mosquitto."""
    with running_parts(tmp_path, request.getfixturevalue(request.param).port) as started:
        yield started


def assert_at_most_a_tick_is_lost(parts: Parts, ended: float) -> None:
    """Check that the history has all samples except the tick (200 ms) in progress."""
    wait_until(lambda: parts.api.timestamps()[-1] > ended * 1000 - 400, "all but a tick")


def test_a_collector_that_is_killed_is_offline_and_loses_a_tick_at_most(parts: Parts) -> None:
    wait_until(lambda: parts.state() == "online", "the collector is online")
    parts.api.wait_for_history(3)
    killed = time.time()
    parts.collector.process.kill()
    wait_until(lambda: parts.state() == "offline", "the last will")
    assert_at_most_a_tick_is_lost(parts, killed)


def test_the_parts_find_each_other_and_each_ends_with_a_signal(parts: Parts) -> None:
    parts.api.wait_for_history(3)
    wait_until(lambda: parts.state() == "online", "the collector is online")
    assert parts.api.get("/metrics")["host"] == "alpha"
    for part, counter in ((parts.collector, "samples_taken"), (parts.ingester, "samples_stored")):
        assert counted(part, counter) > 0
    ended = time.time()
    assert parts.collector.end(signal.SIGTERM)[0] == 0
    wait_until(lambda: parts.state() == "offline", "the collector is offline")
    assert_at_most_a_tick_is_lost(parts, ended)
    for part in (parts.ingester, parts.api):
        assert part.end(signal.SIGTERM)[0] == 0
    assert [part.stderr for part in parts] == ["", "", ""]


def test_samples_wait_at_the_broker_for_an_ingester_that_was_killed(
    parts: Parts, tmp_path: Path
) -> None:
    parts.api.wait_for_history(5)
    wait_until(lambda: parts.state() == "online", "the collector is online")
    arguments = parts.ingester.process.cmdline()
    options = arguments[arguments.index("ingester") + 1 :]
    parts.ingester.process.kill()
    missed = parts.api.get("/metrics")["cpu"]["timestamp"]
    wait_until(lambda: parts.api.get("/metrics")["cpu"]["timestamp"] > missed + 1000, "time passes")
    with running(tmp_path / "again", "ingester", *options):
        wait_until(lambda: max(parts.api.timestamps()) > missed + 2000, "it has caught up")
    times = parts.api.timestamps()
    assert max(later - earlier for earlier, later in pairwise(times)) < 700
