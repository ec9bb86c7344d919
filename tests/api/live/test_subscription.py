"""From the bus to the newest values."""

from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.samples import late
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.streams import WS, busy_loop, receive
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"


def test_invalid_messages_are_counted_by_reason_and_logged_once(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    topics = api.settings.topics
    for payload in (b" ", b"[]", b"\xff", b'{"host": "alpha", "timestamp": "soon"}'):
        api.send_raw(topics.topic("alpha", "system/cpu"), payload)
    api.send_raw(topics.topic("alpha", "system/gpu/fan"), cpu().payload())
    api.send_raw(topics.topic("alpha", "system/status"), b"{}")
    api.feed(cpu())
    assert api.live.malformed == {"not a sample": 5, "unknown channel": 1}
    logged = [each for each in caplog.records if "is not a valid sample" in each.getMessage()]
    assert len(logged) == 1


def test_a_late_sample_is_not_shown_and_a_clock_that_was_set_back_is(api: RunningApi) -> None:
    api.feed(cpu(utilization=1.0))
    with api.stream(f"{WS}/system/cpu") as stream:
        assert receive(stream)["data"]["utilization"] == 1.0
        past = cpu(age=60_000, utilization=2.0)
        api.send_raw(api.settings.topics.topic("alpha", "system/cpu"), late(past.payload()))
        api.send_raw(api.settings.topics.topic("beta", "system/cpu"), late(past.payload()))
        api.feed(cpu(age=30_000, utilization=3.0))
        assert receive(stream)["data"]["utilization"] == 3.0
    assert api.json(METRICS)["cpu"]["utilization"] == 3.0
    assert api.live.newest.hosts.keys() == {"alpha"}


def test_when_the_loop_cannot_keep_up_the_oldest_messages_are_dropped(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.subscription.MAX_WAITING", 20)
    with running_api(shared_bus, tmp_path) as api:
        with busy_loop(api):
            for number in range(50):
                api.send(cpu(utilization=float(number)))
            api.wait_until_received()
        assert api.live.overrun == 30
        wait_until(
            lambda: api.json(METRICS)["cpu"]["utilization"] == 49.0, "it has caught up", SECONDS
        )
