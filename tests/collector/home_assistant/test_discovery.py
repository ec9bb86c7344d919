"""The discovery messages, as Home Assistant would read them."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2.sandbox import SandboxedEnvironment

from collector.home_assistant.discovery import Key, Source, device_of, message, present_fields
from collector.home_assistant.units import UNITS
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import GPU, SAMPLES, example_channel
from telemetry.samples import MAX_PAYLOAD_BYTES

# The units that each device class allows, from homeassistant/components/sensor/const.py (2025.1).
ALLOWED_UNITS = {
    "data_size": {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"},
    "data_rate": {"B/s", "kB/s", "MB/s"},
    "frequency": {"Hz", "kHz", "MHz", "GHz"},
    "duration": {"ms", "s"},
    "temperature": {"°C", "°F", "K"},
    "power": {"W", "kW"},
    "energy": {"J", "kJ", "Wh", "kWh"},
}
COMPONENT = {
    *("p", "unique_id", "name", "state_topic", "value_template", "expire_after"),
    *("unit_of_measurement", "device_class", "state_class", "entity_category"),
}
FLEET = Source("gpu-07", TopicScheme("fleet/{host}"), 2.0)
SHARED = Source("gpu-07", TopicScheme(), 2.0)
EXAMPLES = {
    example_channel(family): {field.name: field.example for field in family.fields}
    for family in SAMPLES
}
FAMILIES = {example_channel(family): family for family in SAMPLES}


def described(source: Source, device: Key, removed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the message of a device that reports every field."""
    found = {
        channel: present_fields(FAMILIES[channel], values)
        for channel, values in EXAMPLES.items()
        if device_of(channel) == device
    }
    return message(source, device, found, EXAMPLES["system/gpu/0"], removed)


def rendered(template: str, payload: Mapping[str, Any], state: str = "before") -> str:
    """Render a template as Home Assistant does."""
    environment = SandboxedEnvironment()
    this = SimpleNamespace(state=state)
    return environment.from_string(template).render(value_json=payload, this=this).strip()


def component(source: Source, device: Key, name: str) -> dict[str, Any]:
    found: dict[str, Any] = described(source, device)["cmps"][name]
    return found


@pytest.mark.parametrize("device", [Key(), Key("0")])
@pytest.mark.parametrize("source", [FLEET, SHARED])
def test_each_component_has_a_unit_and_a_state_class_that_its_device_class_allows(
    source: Source, device: Key
) -> None:
    body = described(source, device)
    assert body.keys() >= {"dev", "o", "cmps", "availability_topic"}
    assert len(json.dumps(body)) < MAX_PAYLOAD_BYTES
    identities = [each["unique_id"] for each in body["cmps"].values()]
    assert len(set(identities)) == len(identities) > 10
    for each in body["cmps"].values():
        assert each.keys() <= COMPONENT
        unit, kind = each.get("unit_of_measurement"), each.get("device_class")
        assert kind is None or unit in ALLOWED_UNITS[kind]
        assert ("state_class" in each) is not ("entity_category" in each)
        assert (each.get("state_class") == "total_increasing") or kind != "energy"


def test_every_unit_of_the_catalogue_is_known_to_home_assistant() -> None:
    assert {field.unit for family in SAMPLES for field in family.fields} <= UNITS.keys()


def test_each_template_reads_its_value_from_the_topic_of_its_channel() -> None:
    for channel, values in EXAMPLES.items():
        body = described(FLEET, device_of(channel))
        topic = f"fleet/gpu-07/{channel}"
        for each in body["cmps"].values():
            if each["state_topic"] == topic:
                assert rendered(each["value_template"], values) not in {"", "before"}
    power = component(FLEET, Key("0"), "gpu_power")
    assert rendered(power["value_template"], {"power": 215.4}) == "215.4"
    assert rendered(power["value_template"], {"power": None}) == "None"
    memory = component(FLEET, Key("0"), "gpu_memory_used")["value_template"]
    assert rendered(memory, {"memory_used": 3 * 2**29}) == "1.5"
    assert rendered(memory, {"memory_used": None}) == "None"
    reasons = component(FLEET, Key("0"), "gpu_throttle_reasons")
    assert rendered(reasons["value_template"], {"throttle_reasons": ["a", "b"]}) == "a, b"


def test_a_name_is_written_as_people_write_it() -> None:
    names = {key: each["name"] for key, each in described(FLEET, Key("0"))["cmps"].items()}
    assert names["gpu_power_average"] == "Power average"
    assert names["gpu_pcie_tx_rate"] == "PCIe TX rate"
    assert names["gpu_nvlink_active"] == "NVLink active"
    assert names["gpu_mig_0_memory_used"] == "MIG 0 memory used"
    assert names["gpu_processes_processes"] == "Processes"
    assert component(FLEET, Key(), "memory_oom_kills")["name"] == "Memory OOM kills"


def test_a_late_sample_does_not_change_the_state() -> None:
    late = {"power": 1.0, "compute_mode": "default", "late": True}
    power = component(FLEET, Key("0"), "gpu_power")
    assert rendered(power["value_template"], late) == ""  # which Home Assistant ignores
    mode = component(FLEET, Key("0"), "gpu_compute_mode")
    assert rendered(mode["value_template"], late) == "before"


def test_on_topics_that_hosts_share_only_the_messages_of_the_own_host_count() -> None:
    utilization = component(SHARED, Key(), "cpu_utilization")["value_template"]
    assert rendered(utilization, {"host": "gpu-07", "utilization": 5.0}) == "5.0"
    assert rendered(utilization, {"host": "other", "utilization": 5.0}) == ""
    availability = described(SHARED, Key())["availability_template"]
    assert rendered(availability, {"host": "gpu-07", "state": "offline"}) == "offline"
    assert rendered(availability, {"host": "other", "state": "offline"}) == ""


@pytest.mark.parametrize(
    "host", ['a" }} {{ 7 * 7 }} "', "a\\", "höst", "a.b", "a b", "😀", "{% raw %}"]
)
def test_a_host_name_is_neither_a_template_nor_another_topic(host: str) -> None:
    source = Source(host, TopicScheme(), 2.0)
    template = component(source, Key(), "cpu_utilization")["value_template"]
    assert rendered(template, {"host": host, "utilization": 5.0}) == "5.0"
    assert rendered(template, {"host": "other", "utilization": 5.0}) == ""
    levels = source.topic(Key("0")).split("/")
    assert levels[:2] + levels[3:] == ["homeassistant", "device", "gpu_0", "config"]
    assert levels[2].replace("_", "").replace("-", "").isalnum()
    assert levels[2].isascii()


def test_a_gpu_is_a_device_of_its_machine_with_model_and_serial_number() -> None:
    machine, gpu = described(FLEET, Key())["dev"], described(FLEET, Key("0"))["dev"]
    assert gpu["via_device"] in machine["ids"]
    assert gpu["mdl"] == "NVIDIA GeForce RTX 4090"
    assert gpu["sn"].startswith("GPU-")


def test_a_component_that_is_gone_is_named_with_its_platform_only() -> None:
    assert described(FLEET, Key("0"), removed=("gpu_gone",))["cmps"]["gpu_gone"] == {"p": "sensor"}


def test_a_value_that_the_hardware_does_not_report_has_no_component() -> None:
    assert present_fields(GPU, {"power": None, "temperature": 50.0}) == {"temperature"}
