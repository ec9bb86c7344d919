"""The live stream, over real sockets."""

import itertools
import json
import threading
from typing import Any

from api.live.client import BATCH_FRAMES
from telemetry.catalogue import CPU as CPU_FAMILY
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from telemetry.status import CollectorState, SensorReport, SensorState
from tests.api.running import SECONDS, RunningApi, cpu, gpu, gpu_report, status
from tests.api.streams import OPENING, WS, busy_loop, receive, receive_several, send_action
from tests.services.processes import wait_until


def memory(host: str = "alpha") -> Sample:
    values = dict.fromkeys(("ram_used", "ram_total", "swap_used", "swap_total"), 7)
    return Sample("system/memory", host, unix_milliseconds(), values)


def channels(frames: list[Any]) -> list[str]:
    return [frame["channel"] for frame in frames]


def test_the_newest_values_arrive_at_once_on_connecting(api: RunningApi) -> None:
    api.feed(cpu(utilization=1.0))
    api.feed(cpu(utilization=2.0), gpu(0), gpu(1))
    with api.stream() as stream:
        frames = receive_several(stream, 3)
    assert sorted(channels(frames)) == ["system/cpu", "system/gpu/0", "system/gpu/1"]
    (shown,) = [each["data"] for each in frames if each["channel"] == "system/cpu"]
    assert shown["utilization"] == 2.0


def test_only_the_newest_values_on_subscribing_have_an_age(api: RunningApi) -> None:
    api.feed(cpu(age=60_000), gpu(0))
    with api.stream(f"{WS}/system/cpu") as stream:
        first = receive(stream)
        api.send(cpu())
        assert "age_seconds" not in receive(stream)
        send_action(stream, "subscribe", "system/gpu/0")
        assert receive(stream).keys() == {"event", "channels"}
        added = receive(stream)
    assert 60 <= first["age_seconds"] < 70
    assert 0 <= added["age_seconds"] < 10


def test_a_frame_holds_channel_event_and_the_whole_payload(api: RunningApi) -> None:
    sample = cpu()
    with api.stream() as stream:
        api.send(sample)
        frame = receive(stream)
    assert frame.keys() == {"channel", "event", "data"}
    assert (frame["channel"], frame["event"]) == ("system/cpu", "metrics")
    assert frame["data"].items() >= json.loads(sample.payload()).items()
    fields = {field.name for field in CPU_FAMILY.fields}
    assert frame["data"].keys() == {"host", "timestamp"} | fields
    assert frame["data"]["frequency"] is None


def test_a_status_has_its_own_event(api: RunningApi) -> None:
    api.feed(status(sensors=gpu_report(SensorReport(SensorState.ABSENT, reason="No driver."))))
    with api.stream() as stream:
        frame = receive(stream)
        api.send(status(state=CollectorState.OFFLINE))
        last = receive(stream)
    assert (frame["channel"], frame["event"]) == ("system/status", "status")
    assert (frame["data"]["state"], frame["data"]["interval"]) == ("online", 2.0)
    assert frame["data"]["sensors"]["gpu"]["reason"] == "No driver."
    assert last["data"]["state"] == "offline"


def test_channels_may_contain_wildcards(api: RunningApi) -> None:
    gpus = ["system/gpu/0", "system/gpu/1"]
    everything = ["system/cpu", *gpus, "system/memory"]
    table = {
        "channels=system/cpu": ["system/cpu"],
        "channels=system/gpu/%2B": gpus,
        "channels=system/cpu,system/gpu/+": ["system/cpu", *gpus],
        "channels=system/gpu/1&channels=+/memory": ["system/gpu/1", "system/memory"],
        "channel=system/gpu/1,+/memory": ["system/gpu/1", "system/memory"],
        "channel=system/gpu/1&channels=+/memory": ["system/gpu/1", "system/memory"],
        "channels=system/%23": everything,
        "channels=%23": everything,
        "": everything,
    }
    api.feed(cpu(), gpu(0), gpu(1), memory())
    for query, expected in table.items():
        with api.stream(f"{WS}?{query}") as stream:
            greeting = receive_several(stream, len(expected))
            for sample in (memory(), gpu(1), gpu(0), cpu()):
                api.send(sample)
            live = receive_several(stream, len(expected))
        assert sorted(channels(greeting)) == expected, query
        assert sorted(channels(live)) == expected, query


def test_a_client_can_select_one_host(api: RunningApi) -> None:
    api.feed(cpu("alpha"), cpu("beta"))
    with api.stream(f"{WS}?host=beta") as stream:
        for host in ("alpha", "beta"):
            api.send(cpu(host))
        frames = receive_several(stream, 2)
    assert [frame["data"]["host"] for frame in frames] == ["beta", "beta"]


def test_without_a_host_all_hosts_are_streamed(api: RunningApi) -> None:
    api.feed(cpu("alpha"), cpu("beta"))
    with api.stream() as stream:
        frames = receive_several(stream, 2)
    assert [frame["data"]["host"] for frame in frames] == ["alpha", "beta"]


def test_each_channel_has_its_own_path(api: RunningApi) -> None:
    api.feed(cpu(), gpu(0), status())
    for channel in ("system/cpu", "system/gpu/0", "system/status"):
        with api.stream(f"{WS}/{channel}") as stream:
            first = receive(stream)
            for content in (memory(), cpu(), gpu(0), status()):
                api.send(content)
            assert channels([first, receive(stream)]) == [channel, channel]


def test_with_batch_the_samples_of_a_tick_come_in_one_message(api: RunningApi) -> None:
    everything = ["system/cpu", "system/gpu/0", "system/gpu/1"]
    api.feed(cpu(), gpu(0), gpu(1))
    with api.stream(f"{WS}?batch=true") as stream:
        greeting = receive(stream)
        with busy_loop(api):  # sends a sample of system/cpu
            api.send(gpu(0))
            api.send(gpu(1))
            api.wait_until_received()
        live = receive(stream)
        send_action(stream, "unsubscribe", "system/#")
        assert receive(stream) == [{"event": "unsubscribed", "channels": []}]
    assert sorted(channels(greeting)) == everything
    assert channels(live) == everything


def test_a_batch_has_a_maximum_length(api: RunningApi) -> None:
    api.feed(*(gpu(number) for number in range(BATCH_FRAMES + 3)))
    with api.stream(f"{WS}?batch=true") as stream:
        assert [len(receive(stream)) for _ in range(2)] == [BATCH_FRAMES, 3]


def test_subscribing_is_acknowledged_and_followed_by_the_newest_of_the_added_channels(
    api: RunningApi,
) -> None:
    api.feed(cpu(), gpu(0), gpu(1), memory())
    with api.stream(f"{WS}?channels=system/cpu,system/gpu/0") as stream:
        receive_several(stream, 2)
        send_action(stream, "subscribe", "system/gpu/+", "system/cpu")
        assert receive(stream) == {
            "event": "subscribed",
            "channels": ["system/cpu", "system/gpu/0", "system/gpu/+"],
        }
        assert receive(stream)["channel"] == "system/gpu/1"
        api.send(memory())
        api.send(gpu(1))
        assert receive(stream)["channel"] == "system/gpu/1"


def test_unsubscribing_is_acknowledged_and_stops_the_channel(api: RunningApi) -> None:
    api.feed(cpu(), gpu(0))
    with api.stream(f"{WS}?channels=system/cpu,system/gpu/%2B") as stream:
        receive_several(stream, 2)
        send_action(stream, "unsubscribe", "system/cpu", "system/disk")
        assert receive(stream) == {"event": "unsubscribed", "channels": ["system/gpu/+"]}
        api.send(cpu())
        api.send(gpu(0))
        assert receive(stream)["channel"] == "system/gpu/0"


def test_no_frame_is_lost_or_duplicated_between_newest_values_and_live_frames(
    api: RunningApi,
) -> None:
    finished = threading.Event()

    def publish() -> None:
        for number in itertools.count():
            api.send(cpu(utilization=float(number)))
            if finished.wait(0.001):
                return

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _ in range(10):
            with api.stream() as stream:
                frames = receive_several(stream, 20)
            numbers = [frame["data"]["utilization"] for frame in frames]
            assert numbers == [numbers[0] + index for index in range(20)]
    finally:
        finished.set()
        publisher.join()


def test_every_client_gets_the_same_frames_in_the_same_order(api: RunningApi) -> None:
    with api.stream() as one, api.stream() as two, api.stream(f"{WS}/system/cpu") as three:
        wait_until(lambda: api.live.hub.clients == 3, "all have joined", SECONDS)
        for number in range(50):
            api.send(cpu(utilization=float(number)))
        received = [
            [stream.recv(timeout=SECONDS) for _ in range(50)] for stream in (one, two, three)
        ]
    assert received[0] == received[1] == received[2]
    assert [json.loads(frame)["data"]["utilization"] for frame in received[0]] == list(range(50))


def test_a_duplicate_is_not_streamed_again(api: RunningApi) -> None:
    sample = cpu()
    with api.stream() as stream:
        for content in (sample, sample, gpu(0)):
            api.send(content)
        assert channels(receive_several(stream, 2)) == ["system/cpu", "system/gpu/0"]


def test_a_client_that_disconnects_is_removed_with_or_without_a_closing_handshake(
    api: RunningApi,
) -> None:
    with api.stream() as polite, api.socket(OPENING + b"\r\n"):
        wait_until(lambda: api.live.hub.clients == 2, "both have joined", SECONDS)
    assert polite.close_code == 1000
    wait_until(lambda: api.live.hub.clients == 0, "all have left", SECONDS)
    assert api.live.hub.slow_clients == 0
