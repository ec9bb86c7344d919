"""Readings in Prometheus' text format, made from the catalogue."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telemetry.catalogue import CPU, FINDING, GPU, RUN, SAMPLES, Family, Kind, example_channel
from telemetry.exposition import HostReadings, Reading, readings_text
from telemetry.exposition.metrics import info_fields, label_fields, metrics_of
from telemetry.exposition.units import BASE_UNITS
from tests.services.prometheus import promtool

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
IDENTITY = {
    "host": "alpha",
    "gpu": "0",
    "uuid": "GPU-8f0c5d3e-0b1a-4c59-9d53-6c1d0a2b7e11",
    "name": "NVIDIA GeForce RTX 4090",
}


def reading(family: Family, *, stale: bool = False) -> Reading:
    examples = {field.name: field.example for field in family.fields}
    return Reading(example_channel(family), examples, 0.5, stale)


def text(*readings: Reading, up: bool = True) -> str:
    return readings_text([HostReadings("alpha", up, readings)])


def series(exposition: str) -> Series:
    """Return each series as Prometheus' own parser reads it; none is there twice."""
    found: Series = {}
    for family in text_string_to_metric_families(exposition):
        for each in family.samples:
            key = each.name, frozenset(each.labels.items())
            assert key not in found
            found[key] = each.value
    return found


def value(found: Series, name: str, labels: Mapping[str, str]) -> float:
    return found[f"system_monitor_{name}", frozenset(labels.items())]


ALL = [reading(family) for family in (*SAMPLES, FINDING, RUN)]


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("gpu_utilization_ratio", IDENTITY, 0.75),
        ("gpu_memory_used_bytes", IDENTITY, 6_657_199_308),
        ("gpu_temperature_celsius", IDENTITY, 72),
        ("gpu_power_watts", IDENTITY, 215.4),
        ("gpu_energy_joules_total", IDENTITY, 1_234_567.8),
        ("gpu_sm_clock_hertz", IDENTITY, 2.52e9),
        ("gpu_throttle_reason_active", IDENTITY | {"reason": "sw_power_cap"}, 1),
        ("gpu_throttle_share_ratio", IDENTITY | {"reason": "gpu_idle"}, 0.02),
        ("gpu_processes_listed", {"host": "alpha", "gpu": "0"}, 1),
        ("cpu_utilization_ratio", {"host": "alpha"}, 0.375),
        ("cpu_core_utilization_ratio", {"host": "alpha", "core": "1"}, 0.4),
        ("cpu_load_average", {"host": "alpha", "period": "15m"}, 0.7),
        ("memory_ram_used_bytes", {"host": "alpha"}, 13_743_895_347),
        ("disk_read_bytes_per_second", {"host": "alpha"}, 120.5e6),
        ("disk_device_read_bytes_per_second", {"host": "alpha", "device": "nvme0n1"}, 120.5e6),
        ("network_upload_bytes_per_second", {"host": "alpha"}, 1.8e6),
        (
            "network_interface_download_bytes_per_second",
            {"host": "alpha", "interface": "eth0"},
            24.6e6,
        ),
        (
            "gpu_info",
            IDENTITY
            | {
                "vendor": "nvidia",
                "memory_kind": "dedicated",
                "compute_mode": "default",
                "pci_bus_id": "00000000:3B:00.0",
            },
            1,
        ),
        (
            "finding_active",
            {"host": "alpha", "kind": "memory_growth", "subject": "gpu0", "severity": "warning"},
            1,
        ),
        (
            "run_active",
            {"host": "alpha", "run": "ablation-7", "name": "ablation-7", "user": "ada"},
            1,
        ),
        ("host_up", {"host": "alpha"}, 1),
        ("sample_age_seconds", {"host": "alpha", "channel": "system/cpu"}, 0.5),
    ],
)
def test_a_reading_is_in_its_base_unit_under_a_name_and_labels_of_the_catalogue(
    name: str, labels: Mapping[str, str], expected: float
) -> None:
    assert value(series(text(*ALL)), name, labels) == expected


@pytest.mark.parametrize("family", SAMPLES, ids=lambda family: family.name)
def test_every_field_of_the_catalogue_is_a_metric_or_a_label_or_is_marked_as_neither(
    family: Family,
) -> None:
    measured = {metric.field.name for metric in metrics_of(family)}
    texts = {field.name for field in (*info_fields(family), *label_fields(family))}
    hidden = {field.name for field in family.fields if field.metric == ""}
    assert measured | texts | hidden == {field.name for field in family.fields}
    assert len(family.labels) == family.channel.count("{")


def test_what_has_several_values_has_a_label_that_distinguishes_them() -> None:
    single = (Kind.NUMBER, Kind.INTEGER, Kind.TEXT, Kind.RECORDS)
    fields = [field for family in SAMPLES for field in family.fields]
    assert all(field.label for field in fields if field.kind not in single)


def test_a_new_metric_of_the_catalogue_appears_by_itself() -> None:
    field = dataclasses.replace(GPU.fields[0], name="novelty", unit="MB/s", cumulative=True)
    family = Family("gpu", GPU.channel, "", (field,))
    (metric,) = metrics_of(family)
    assert metric.name == "system_monitor_gpu_novelty_bytes_per_second_total"
    assert metric.kind == "counter"
    assert metric.unit is BASE_UNITS["MB/s"]


def test_a_state_has_no_age_since_it_holds_until_it_ends() -> None:
    channels = [dict(labels).get("channel", "") for _, labels in series(text(*ALL))]
    assert not any("findings" in each or "runs" in each for each in channels)


def test_every_metric_has_one_name() -> None:
    names = [metric.name for family in SAMPLES for metric in metrics_of(family)]
    assert len(set(names)) == len(names)


def test_promtool_has_no_complaint_about_any_metric() -> None:
    assert promtool("check", "metrics", given=text(*ALL).encode()) == ""


def test_a_value_that_the_hardware_does_not_report_has_no_series() -> None:
    values = {field.name: None for field in GPU.fields} | {"power": 5.0}
    names = {name for name, _ in series(text(Reading("system/gpu/0", values, 0.5, stale=False)))}
    expected = ("host_up", "sample_age_seconds", "hosts_omitted", "gpu_power_watts")
    assert names == {f"system_monitor_{name}" for name in expected}


def test_stale_values_are_left_out_and_the_age_remains() -> None:
    found = series(text(reading(CPU, stale=True), up=False))
    assert value(found, "host_up", {"host": "alpha"}) == 0
    assert value(found, "sample_age_seconds", {"host": "alpha", "channel": "system/cpu"}) == 0.5
    assert not any("cpu" in name for name, _ in found)


@pytest.mark.parametrize(
    "hostile", ['a"} 1\nevil 2', "\\", "\\n", "\n", "\r", "é…", "{}", "a\x00b"]
)
def test_names_from_the_bus_stay_inside_their_label(hostile: str) -> None:
    rates = {"read_rate": 1.0, "write_rate": 2.0}
    disk = Reading("system/disk", {"per_device": {hostile: rates}}, 0.0, stale=False)
    found = series(readings_text([HostReadings(hostile, up=True, readings=[disk])]))
    shown = hostile.replace("\r", r"\u000d").replace("\x00", r"\u0000")
    labels = {"host": shown, "device": shown}
    assert value(found, "disk_device_read_bytes_per_second", labels) == 1e6
    assert {name for name, _ in found if "evil" in name} == set()


def test_hosts_beyond_the_limit_are_left_out_as_a_whole_and_counted() -> None:
    def host(name: str, cores: int) -> HostReadings:
        cpu: dict[str, Any] = {"utilization": 1.0, "per_core": [1.0] * cores}
        return HostReadings(name, up=True, readings=[Reading("system/cpu", cpu, 0.0, stale=False)])

    hosts = [host("first", 10), host("huge", 500), host("last", 10)]
    exposition = readings_text(hosts, limit=100)
    found = series(exposition)
    assert value(found, "hosts_omitted", {}) == 1
    assert value(found, "host_up", {"host": "last"}) == 1
    assert len(found) <= 100
    assert "huge" not in exposition
