"""``system-monitor up`` as users run it: one command, the whole pipeline, real processes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from influxdb_client import InfluxDBClient
from websockets.sync.client import connect

from telemetry.catalogue import CPU, DISK, FAMILIES, GPU, MEMORY, NETWORK
from telemetry.settings.values import SENSORS
from tests.deploy.monitor import SECONDS, Monitor, free_ports, running
from tests.deploy.ticks import lateness
from tests.fakes.nvml import FakeNvml
from tests.services.embedded import EMBEDDED_BROKERS, Listener, broker_program
from tests.services.influxdb import Influxdb
from tests.services.processes import wait_until

INTERVAL = 0.5
ALWAYS_THERE = (CPU, MEMORY)
MACHINE = (CPU, MEMORY, DISK, NETWORK)


def options(folder: Path) -> list[str]:
    return [*free_ports(), "--data-dir", str(folder / "data"), "--interval-seconds", str(INTERVAL)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Run one for the tests that do not change it."""
    folder = tmp_path_factory.mktemp("up")
    with running(folder, "up", *options(folder)) as monitor:
        monitor.wait_for_history(1)
        yield monitor


def test_it_prints_its_addresses_and_what_its_sensors_found(up: Monitor) -> None:
    assert f"http://127.0.0.1:{up.http_port}/" in up.stdout
    assert f"mqtt://127.0.0.1:{up.mqtt_port}" in up.stdout
    assert all(family.channel in up.stdout for family in FAMILIES)
    assert str(up.folder / "data") in up.stdout
    for label in ("GPU", "CPU", "Memory", "Disk", "Network"):
        assert re.search(rf"^  {label} +\S", up.stdout, re.MULTILINE), label
    assert f"mosquitto_sub -h 127.0.0.1 -p {up.mqtt_port}" in up.stdout


def test_every_family_arrives_on_the_topic_that_is_its_channel(up: Monitor) -> None:
    with Listener(up.mqtt_port, "system/#") as listener:
        for family in ALWAYS_THERE:
            sample = json.loads(listener.wait_for(family.channel)[0])
            assert {field.name for field in family.fields} < sample.keys()
        status = json.loads(listener.wait_for("system/status")[0])
        for family in MACHINE:
            if status["sensors"][family.name]["state"] == "ok":
                listener.wait_for(family.channel)
    assert status["state"] == "online"
    assert status["sensors"].keys() == {GPU.name, *(family.name for family in MACHINE)}


def test_rest_serves_the_newest_values_and_why_there_is_no_gpu(up: Monitor) -> None:
    metrics = up.get("/metrics")
    assert metrics["state"] == "online"
    assert metrics["memory"]["ram_total"] == psutil.virtual_memory().total
    assert len(metrics["cpu"]["per_core"]) == psutil.cpu_count()
    assert not metrics["cpu"]["stale"]
    gpu = up.get("/gpu")
    assert gpu["gpus"] or gpu["reason"]
    assert [host["state"] for host in up.get("/hosts")["hosts"]] == ["online"]


def test_each_part_reports_its_counters(up: Monitor) -> None:
    up.wait_for_history(2)
    status, ready = up.answer("/readyz")
    assert (status, ready["status"]) == (200, "ready")
    parts = {"api", "history", "connections", "broker", "ingester", "advisor", "collector"}
    parts.add("recordings")
    assert ready["parts"].keys() == parts
    counted = {name: part["counters"] for name, part in ready["parts"].items()}
    assert counted["collector"]["samples_taken"] >= counted["collector"]["samples_published"] > 0
    assert counted["ingester"]["samples_stored"] > 0
    assert counted["ingester"]["samples_rejected"] == {}
    assert counted["broker"] == {"restarts": 0}


def test_a_websocket_streams_the_newest_value_and_then_each_sample(up: Monitor) -> None:
    url = f"ws://127.0.0.1:{up.http_port}/api/v1/system/ws/system/cpu"
    with connect(url) as stream:
        frames = [json.loads(stream.recv(timeout=10)) for _ in range(3)]
    assert {frame["channel"] for frame in frames} == {"system/cpu"}
    times = [frame["data"]["timestamp"] for frame in frames]
    assert times == sorted(set(times))


def assert_one_sample_a_tick(timestamps: list[int]) -> None:
    assert max(lateness(timestamps, INTERVAL * 1000)) < INTERVAL * 1000, timestamps


def test_the_history_holds_one_sample_of_each_channel_for_each_tick(up: Monitor) -> None:
    for family in ALWAYS_THERE:
        up.wait_for_history(8, family.channel)
        assert_one_sample_a_tick(up.timestamps(family.channel))


def test_ten_healthy_ticks_leave_nothing_in_the_log(up: Monitor) -> None:
    up.wait_for_history(10)
    assert up.stderr == ""


@pytest.mark.parametrize("choice", EMBEDDED_BROKERS)
def test_a_killed_broker_leaves_no_gap_and_nothing_twice(choice: str, tmp_path: Path) -> None:
    broker_program(choice, tmp_path)
    broker = ["--embedded-broker", choice]
    with running(tmp_path, "up", *options(tmp_path), *broker) as monitor:
        monitor.wait_for_history(4)
        before = monitor.timestamps()[-1]
        with connect(f"ws://127.0.0.1:{monitor.http_port}/api/v1/system/ws/system/cpu") as stream:
            monitor.broker_process().kill()
            live = [0]
            while live[-1] <= before + 5000:
                live.append(json.loads(stream.recv(timeout=30))["data"]["timestamp"])
        # The samples of the last ten seconds are sent again, but not to live clients.
        assert live == sorted(set(live))
        wait_until(lambda: monitor.timestamps()[-1] > before + 3000, "samples after its death")
        for family in ALWAYS_THERE:
            assert_one_sample_a_tick(monitor.timestamps(family.channel))
        assert "Traceback" not in monitor.stderr


def test_every_gpu_is_published_and_served(nvml_library: Path, tmp_path: Path) -> None:
    fake = FakeNvml(nvml_library, tmp_path / "script")
    fake.set_gpus(2)
    fake.set_readings(gpu=1, temperature=66)
    with running(tmp_path, "up", *options(tmp_path), variables=fake.environment) as monitor:
        monitor.wait_for_history(1, "system/gpu/1")
        answer = monitor.get("/gpu")
        with Listener(monitor.mqtt_port, "system/gpu/+") as listener:
            sample = json.loads(listener.wait_for("system/gpu/1")[0])
        assert "2 GPUs" in monitor.stdout
        assert monitor.get("/gpu")["gpus"][1]["processes"]["processes"][0]["memory_used"] > 0
        assert "system/gpu/1/processes" not in monitor.get("/history")["channels"]
    assert [gpu["id"] for gpu in answer["gpus"]] == ["0", "1"]
    assert answer["driver_version"] == "570.86.15"
    assert answer["reason"] is None
    assert sample["temperature"] == 66


def test_a_disabled_sensor_neither_publishes_nor_appears_in_the_status(tmp_path: Path) -> None:
    off = ("--disabled-sensors", "gpu,disk")
    with running(tmp_path, "up", *options(tmp_path), *off) as monitor:
        monitor.wait_for_history(2)
        (host,) = monitor.get("/hosts")["hosts"]
        assert host["sensors"].keys() == {"cpu", "memory", "network"}
        assert monitor.get("/metrics")["disk"] is None
        assert "disabled_sensors" in monitor.get("/gpu")["reason"]


def test_with_all_sensors_disabled_it_is_ready_and_reports_it(tmp_path: Path) -> None:
    off = ("--disabled-sensors", ",".join(SENSORS))
    with running(tmp_path, "up", *options(tmp_path), *off) as monitor:
        wait_until(lambda: monitor.answer("/readyz")[0] == 200, "it is ready", SECONDS)
        (note,) = monitor.answer("/readyz")[1]["parts"]["collector"]["notes"]
        assert note.startswith("All sensors are off (setting disabled_sensors)")
        assert monitor.stdout.count("off (setting disabled_sensors)") == len(SENSORS)


def test_an_influxdb_holds_the_history_for_an_hour(influxdb: Influxdb, tmp_path: Path) -> None:
    bucket = influxdb.new_bucket()
    account = {
        "SYSTEM_MONITOR_INFLUXDB_URL": influxdb.url,
        "SYSTEM_MONITOR_INFLUXDB_ORG": influxdb.org,
        "SYSTEM_MONITOR_INFLUXDB_TOKEN": influxdb.token,
        "SYSTEM_MONITOR_INFLUXDB_BUCKET": bucket,
    }
    with running(tmp_path, "up", *options(tmp_path), variables=account) as monitor:
        monitor.wait_for_history(4)
        assert_one_sample_a_tick(monitor.timestamps())
        assert influxdb.url in monitor.stdout
    assert not (tmp_path / "data" / "history.sqlite3").exists()
    with InfluxDBClient(influxdb.url, influxdb.token, org=influxdb.org) as client:
        found: Any = client.buckets_api().find_bucket_by_name(bucket)
    assert [rule.every_seconds for rule in found.retention_rules] == [3600]
