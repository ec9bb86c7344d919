"""From the bus to the newest values."""

from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.streams import busy_loop
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"


def test_invalid_messages_are_counted_by_reason_and_logged_once(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    topics = api.settings.topics
    for payload in (b" ", b"[]", b"\xff", b'{"host": "alpha", "timestamp": "soon"}'):
        api.send_raw(topics.topic("alpha", "system/cpu"), payload)
    api.send_raw(topics.topic("alpha", "system/fan"), cpu().payload())
    api.send_raw(topics.topic("alpha", "system/status"), b"{}")
    api.feed(cpu())
    assert api.live.malformed == {"not a sample": 5, "unknown channel": 1}
    logged = [each for each in caplog.records if "is not a valid sample" in each.getMessage()]
    assert len(logged) == 1


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
