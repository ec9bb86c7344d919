import json
from typing import Any

import pytest

from telemetry.catalogue import SAMPLES
from telemetry.status import CollectorState, SensorReport, SensorState
from tests.api.running import (
    SECONDS,
    RunningApi,
    cpu,
    every_family,
    gpu,
    gpu_report,
    instance,
    processes,
    status,
)
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"
GPUS = "/api/v1/system/gpu"


def test_every_family_shows_its_newest_sample(api: RunningApi) -> None:
    samples = every_family()
    api.feed(*samples, status())
    body = api.json(METRICS)
    assert (body["host"], body["state"]) == ("alpha", "online")
    for family, sample in zip(SAMPLES, samples, strict=True):
        shown = body[family.name][0] if family.several else body[family.name]
        assert sample.values.items() <= shown.items()
        assert shown["timestamp"] == sample.timestamp
        assert shown["stale"] is False
        assert 0 <= shown["age_seconds"] < 6


def test_a_family_that_has_not_reported_is_null_and_gpus_an_empty_list(api: RunningApi) -> None:
    api.feed(cpu())
    body = api.json(METRICS)
    assert body["memory"] is None
    assert body["gpu"] == []
    assert body["state"] is None


def test_a_value_that_the_hardware_does_not_report_is_null(api: RunningApi) -> None:
    api.feed(cpu())
    assert api.json(METRICS)["cpu"]["frequency"] is None


@pytest.mark.parametrize(("age", "stale"), [(25_000, False), (35_000, True)])
def test_a_sample_is_stale_after_three_intervals_of_its_host(
    api: RunningApi,
    age: int,
    stale: bool,  # noqa: FBT001 - a table's column
) -> None:
    api.feed(cpu(age=age), status(interval=10.0))
    shown = api.json(METRICS)["cpu"]
    assert shown["stale"] is stale
    assert shown["age_seconds"] >= age / 1000


def test_without_a_status_the_interval_is_assumed_to_be_two_seconds(api: RunningApi) -> None:
    api.feed(cpu(age=7000))
    assert api.json(METRICS)["cpu"]["stale"] is True


def test_a_host_whose_clock_is_ahead_has_no_negative_age(api: RunningApi) -> None:
    api.feed(cpu(age=-60_000))
    shown = api.json(METRICS)["cpu"]
    assert 0 <= shown["age_seconds"] < 6
    assert shown["stale"] is False


def test_a_host_whose_clock_is_ahead_is_stale_once_it_has_stopped(api: RunningApi) -> None:
    api.feed(cpu(age=-60_000), status(interval=0.1))
    wait_until(lambda: api.json(METRICS)["cpu"]["stale"] is True, "the sample is stale", SECONDS)


def test_a_collector_that_went_offline_is_reported_as_offline(api: RunningApi) -> None:
    api.feed(cpu(), status(state=CollectorState.OFFLINE))
    assert api.json(METRICS)["state"] == "offline"


def test_the_default_host_is_this_machine_even_if_others_report_first(api: RunningApi) -> None:
    api.feed(cpu("beta"), cpu("alpha"))
    assert api.json(METRICS)["host"] == "alpha"
    assert api.json(METRICS, host="beta")["host"] == "beta"


def test_the_default_host_is_the_first_one_if_this_machine_does_not_report(api: RunningApi) -> None:
    api.feed(cpu("beta"))
    api.feed(cpu("aaron"))
    assert api.json(METRICS)["host"] == "beta"


@pytest.mark.parametrize("path", [METRICS, GPUS])
def test_an_unknown_host_is_not_found(api: RunningApi, path: str) -> None:
    assert api.error(path)[:2] == (404, "unknown_host")
    api.feed(cpu())
    assert api.error(path, host="nobody") == (
        404,
        "unknown_host",
        "Host 'nobody' is not known; known hosts: 'alpha'.",
    )


def test_all_gpus_are_listed_with_their_ids_and_the_drivers_version(api: RunningApi) -> None:
    report = SensorReport(SensorState.OK, details={"driver_version": "570.1"})
    api.feed(gpu(1), gpu(0), status(sensors=gpu_report(report)))
    body = api.json(GPUS)
    assert [each["id"] for each in body["gpus"]] == ["0", "1"]
    assert body["gpus"][0]["temperature"] == 60.0
    assert body["driver_version"] == "570.1"
    assert body["reason"] is None


def test_each_gpu_has_the_processes_that_use_it(api: RunningApi) -> None:
    mine = {"pid": 7, "name": "python3", "memory_used": 5, "kind": "compute"}
    api.feed(gpu(0), gpu(1), processes(1, mine), processes(12), status())
    body = api.json(GPUS)
    assert body["gpus"][0]["processes"] is None
    listed = body["gpus"][1]["processes"]
    assert (listed["id"], listed["more"], listed["stale"]) == ("1", 0, False)
    assert [mine.items() <= each.items() for each in listed["processes"]] == [True]
    assert listed["processes"][0]["user"] is None
    everything = api.json(METRICS)["gpu_processes"]
    assert [each["id"] for each in everything] == ["1", "12"]


def test_each_gpu_has_its_mig_instances_without_removed_ones(
    api: RunningApi,
) -> None:
    api.feed(gpu(0), gpu(1), instance(1, 0), instance(1, 1, age=60_000), instance(1, 6), status())
    body = api.json(GPUS)
    assert body["gpus"][0]["mig"] == []
    assert [(each["id"], each["n"]) for each in body["gpus"][1]["mig"]] == [("1", "0"), ("1", "6")]
    assert [each["n"] for each in api.json(METRICS)["gpu_mig"]] == ["0", "1", "6"]


def test_the_processes_are_streamed_beside_their_gpu(api: RunningApi) -> None:
    api.feed(gpu(0), processes(0))
    with api.stream("/api/v1/system/ws?channels=system/gpu/%23") as stream:
        channels = {json.loads(stream.recv(timeout=SECONDS))["channel"] for _ in range(2)}
    assert channels == {"system/gpu/0", "system/gpu/0/processes"}


def test_a_history_of_processes_is_refused(api: RunningApi) -> None:
    _, code, message = api.error("/api/v1/system/history", channel="system/gpu/0/processes")
    assert code == "wrong_parameter"
    assert "processes" not in message.partition("with a history are")[2]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"sensors": gpu_report(SensorReport(SensorState.ABSENT, reason="No NVIDIA driver."))},
            "No NVIDIA driver.",
        ),
        (
            {"sensors": gpu_report(SensorReport(SensorState.STARTING))},
            "No samples on system/gpu/+ have arrived from alpha yet.",
        ),
        (
            {"sensors": {"cpu": SensorReport(SensorState.OK)}},
            "GPU monitoring of alpha is disabled (setting disabled_sensors).",
        ),
        ({}, "GPU monitoring of alpha is disabled (setting disabled_sensors)."),
    ],
)
def test_without_a_gpu_the_reason_is_given(
    api: RunningApi, fields: dict[str, Any], reason: str
) -> None:
    api.feed(status(**fields))
    body = api.json(GPUS)
    assert body["gpus"] == []
    assert body["reason"] == reason


def test_without_a_status_the_reason_is_that_nothing_was_reported(api: RunningApi) -> None:
    api.feed(cpu())
    assert api.json(GPUS)["reason"] == "The collector of alpha has not reported its GPUs yet."
