"""The whole pipeline, as a user runs it, on this machine's real readings."""

import itertools
import json
import statistics
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from websockets.sync.client import connect

from tests.deploy.monitor import SECONDS, Monitor, free_ports, running
from tests.services.embedded import Listener
from tests.services.processes import wait_until

INTERVAL = 0.5
CHANNELS = ("system/cpu", "system/memory", "system/disk", "system/network")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    folder = tmp_path_factory.mktemp("up")
    options = ["--data-dir", str(folder / "data"), "--interval-seconds", str(INTERVAL)]
    with running(folder, "up", *free_ports(), *options) as monitor:
        yield monitor


def test_it_says_where_things_are_what_was_found_and_what_to_try(up: Monitor) -> None:
    said = up.said
    http, broker = f"127.0.0.1:{up.http_port}", f"mqtt://127.0.0.1:{up.mqtt_port}"
    assert f"http://{http}/\n" in said
    assert f"http://{http}/api/v1/system/metrics" in said
    assert f"ws://{http}/api/v1/system/ws" in said
    assert broker in said
    assert "system/gpu/{id} system/cpu system/memory system/disk system/network" in said
    assert "/data\n" in said
    for label in ("GPU", "CPU", "Memory", "Disk", "Network"):
        assert f"\n  {label} " in said
    assert f"mosquitto_sub -h 127.0.0.1 -p {up.mqtt_port} -v -t 'system/#'" in said
    assert f"curl http://{http}/api/v1/system/metrics" in said
    assert up.complaints == ""


def test_only_the_broker_is_a_process_of_its_own_and_both_listen_on_loopback(up: Monitor) -> None:
    listening = [
        (connection.laddr.ip, connection.laddr.port)
        for process in (up.process, up.broker_process())
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [("127.0.0.1", up.http_port), ("127.0.0.1", up.mqtt_port)]


def test_every_family_is_on_mqtt_and_keeps_moving(up: Monitor) -> None:
    with Listener(up.mqtt_port, "system/#") as listener:
        for channel in CHANNELS:
            payloads = [json.loads(each) for each in listener.wait_for(channel, 2)]
            assert payloads[0]["timestamp"] < payloads[1]["timestamp"]
        wait_until(lambda: _is_well(listener.on("system/status")), "a good status", SECONDS)


def _is_well(statuses: list[bytes]) -> bool:
    newest = json.loads(statuses[-1]) if statuses else {"sensors": {"cpu": {"state": "starting"}}}
    return newest["sensors"]["cpu"]["state"] == "ok" and newest["state"] == "online"


def test_every_family_is_on_rest(up: Monitor) -> None:
    wait_until(lambda: up.answer("/readyz")[0] == 200, "it is ready", SECONDS)
    metrics = up.get("/metrics")
    assert metrics["cpu"]["per_core"]
    assert metrics["memory"]["ram_total"] == psutil.virtual_memory().total
    assert metrics["disk"]["write_rate"] >= 0
    assert metrics["network"]["download_rate"] >= 0
    assert not any(metrics[family]["stale"] for family in ("cpu", "memory", "disk", "network"))
    gpu = up.get("/gpu")
    assert gpu["gpus"] or gpu["reason"]
    (host,) = up.get("/hosts")["hosts"]
    assert host["state"] == "online"


def test_every_family_is_on_a_websocket(up: Monitor) -> None:
    url = f"ws://127.0.0.1:{up.http_port}/api/v1/system/ws?channels=system/%23"
    missing = set(CHANNELS)
    with connect(url, open_timeout=SECONDS) as client:
        while missing:
            frame = json.loads(client.recv(SECONDS))
            assert frame["event"] in ("metrics", "status")
            missing.discard(frame["channel"])


def columns(up: Monitor) -> Any:
    return up.get("/history", channel="system/cpu", max_points=5000)["channels"]["system/cpu"]


def assert_one_sample_for_each_tick(up: Monitor) -> None:
    """Check the history of a channel: no gap, no duplicate, all on one grid."""
    history = columns(up)
    times: list[int] = history["timestamps"]
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert history["bucket_width"] is None
    assert None not in history["fields"]["utilization"]
    assert min(steps) > 0
    assert statistics.median(steps) == pytest.approx(1000 * INTERVAL, rel=0.1)
    missed = up.get("/hosts")["hosts"][0]["sensors"]["cpu"]["missed_ticks"]
    ticks = (times[-1] - times[0]) / (1000 * INTERVAL)
    assert len(times) - 1 == pytest.approx(ticks - missed, abs=0.6)


def test_the_history_has_one_sample_of_each_channel_for_each_tick(up: Monitor) -> None:
    up.wait_for_history(8)
    assert set(CHANNELS) <= up.get("/history")["channels"].keys()
    assert_one_sample_for_each_tick(up)


def test_a_killed_broker_comes_back_and_leaves_no_gap_and_no_duplicate(up: Monitor) -> None:
    up.wait_for_history(2)
    before = len(up.timestamps())
    first = up.broker_process()
    first.kill()
    wait_until(lambda: up.process.children() not in ([], [first]), "another broker", SECONDS)
    up.wait_for_history(before + 8)
    assert_one_sample_for_each_tick(up)
    assert up.process.is_running()
    assert "Traceback" not in up.complaints
