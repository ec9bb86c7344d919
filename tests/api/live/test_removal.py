"""An empty payload deletes a retained message, and the value that it had."""

import uuid
from pathlib import Path

import pytest

from api.live.newest import Newest, Update
from api.live.removal import Removal
from telemetry.bus.connection import BusConnection
from tests.api.running import SECONDS, RunningApi, cpu, gpu, instance, running_api, status
from tests.api.streams import receive, receive_several
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"


def remove(api: RunningApi, channel: str, host: str = "alpha") -> None:
    api.send_raw(api.settings.topics.topic(host, channel), b"")


@pytest.mark.parametrize("prefix", ["{id}", "{id}/{{host}}"])
def test_a_removed_value_disappears_and_the_clients_are_notified(
    shared_bus: BusConnection, tmp_path: Path, prefix: str
) -> None:
    topic_prefix = prefix.format(id=uuid.uuid4().hex)
    with running_api(shared_bus, tmp_path, topic_prefix=topic_prefix) as api:
        api.feed(cpu(), gpu(0), gpu(1), instance(1, 0), status())
        with api.stream("/api/v1/system/ws?channels=system/gpu/%23") as stream:
            receive_several(stream, 3)
            remove(api, "system/gpu/1/mig/0")
            remove(api, "system/gpu/1")
            frames = receive_several(stream, 2)
        assert frames == [
            {"channel": channel, "event": "removed", "data": {"host": "alpha"}}
            for channel in ("system/gpu/1/mig/0", "system/gpu/1")
        ]
        body = api.json(METRICS)
        assert [each["id"] for each in body["gpu"]] == ["0"]
        assert body["gpu_mig"] == []
        remove(api, "system/status")
        wait_until(lambda: api.json(METRICS)["state"] is None, "the status is removed", SECONDS)
        assert api.live.malformed == {}


def test_a_host_is_forgotten_with_its_last_value(api: RunningApi) -> None:
    api.feed(cpu(), status())
    for channel in ("system/cpu", "system/status", "system/toaster", "system/annotations"):
        remove(api, channel)
    wait_until(lambda: api.get(METRICS).status_code == 404, "the host is unknown", SECONDS)
    api.feed(cpu())
    assert api.json(METRICS)["cpu"]["utilization"] == 12.5
    assert api.live.malformed == {}


def test_where_topics_name_no_host_a_removal_concerns_every_host(api: RunningApi) -> None:
    api.feed(gpu(0, "alpha"), cpu("alpha"), gpu(0, "beta"), cpu("beta"))
    with api.stream("/api/v1/system/ws?channels=system/gpu/0") as stream:
        receive_several(stream, 2)
        remove(api, "system/gpu/0")
        assert {each["data"]["host"] for each in receive_several(stream, 2)} == {"alpha", "beta"}
        api.send(gpu(0, "beta"))  # it is still there
        assert receive(stream)["event"] == "metrics"


def test_what_was_removed_frees_its_place_and_its_memory() -> None:
    newest = Newest()
    newest.accept(Update(gpu(0), size=newest.max_bytes))
    assert not newest.accept(Update(cpu("beta"), size=1))
    assert newest.remove(Removal("beta", "system/cpu")) == []
    assert newest.remove(Removal("alpha", "system/gpu/0")) == [Removal("alpha", "system/gpu/0")]
    assert newest.hosts == {}
    assert newest.accept(Update(cpu("beta"), size=newest.max_bytes))
