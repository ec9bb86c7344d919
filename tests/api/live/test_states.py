"""States in the live view: findings and runs."""

import json

import pytest

from api.live.newest import Newest, Update
from tests.api.running import SECONDS, RunningApi, cpu
from tests.api.streams import WS, receive, receive_several
from tests.services.processes import wait_until
from tests.states import FINDING_CHANNEL, finding, run

METRICS = "/api/v1/system/metrics"


def test_a_state_is_kept_until_it_is_removed_and_its_end_is_forwarded_only(
    api: RunningApi,
) -> None:
    begun, ended = finding(), finding("growth.end", state="over", expected=None)
    topic = api.settings.topics.topic("alpha", begun.channel)
    api.feed(cpu())
    metrics = api.json(METRICS)
    api.send_raw(topic, begun.payload())
    api.wait_until_received()
    assert api.json(METRICS).keys() == metrics.keys()
    with api.stream(f"{WS}/{begun.channel}") as stream:
        frame = receive(stream)
        assert frame.pop("age_seconds") >= 0
        assert frame == {"channel": begun.channel, "event": "finding", "data": begun.body()}
        api.send_raw(topic, ended.payload())
        api.send_raw(topic, b"")
        frames = receive_several(stream, 2)
    assert frames == [
        {"channel": begun.channel, "event": "finding", "data": ended.body()},
        {"channel": begun.channel, "event": "removed", "data": {"host": "alpha"}},
    ]
    assert begun.channel not in api.live.newest.hosts["alpha"].updates


@pytest.mark.parametrize(
    "channels", ["system/findings/%23", "system/findings/+/gpu0", "system/findings/idle_gpu/+"]
)
def test_a_client_may_subscribe_to_the_states_of_a_family(api: RunningApi, channels: str) -> None:
    idle = finding("idle", channel="system/findings/idle_gpu/gpu0")
    with api.stream(f"{WS}?channels={channels}") as stream:
        wait_until(lambda: api.live.hub.clients == 1, "the client has joined", SECONDS)
        api.send_raw(api.settings.topics.topic("alpha", idle.channel), idle.payload())
        assert receive(stream)["data"] == idle.body()


def test_a_run_has_a_frame_of_its_own() -> None:
    assert json.loads(Update(run()).frame)["event"] == "run"


@pytest.mark.parametrize("retained", [True, False])
def test_an_older_state_does_not_replace_a_newer_one(*, retained: bool) -> None:
    newest = Newest()
    newest.accept(Update(finding("new", 2000)))
    assert not newest.accept(Update(finding("old", 1000), retained=retained))
    assert newest.accept(Update(finding("newer", 3000), retained=True))


def test_states_that_the_broker_no_longer_retains_after_a_reconnection_are_removed() -> None:
    newest = Newest()
    kept, gone = finding("kept", 1, channel="system/findings/idle_gpu/gpu0"), finding("gone", 1)
    for each in (kept, gone, cpu()):
        newest.accept(Update(each, arrived=1.0))
    assert not newest.accept(Update(kept, retained=True, arrived=3.0))
    removed = newest.remove_states(before=2.0)
    assert [(each.host, each.channel) for each in removed] == [("alpha", FINDING_CHANNEL)]
    assert newest.hosts["alpha"].updates.keys() == {kept.channel, "system/cpu"}
