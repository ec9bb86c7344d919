"""What is read from GPUs that work, through the real pynvml on a stand-in for NVIDIA's library."""

import re
from typing import Any

import pynvml
import pytest

from collector.sensors.gpu.nvml.probes import name_reasons
from collector.sensors.gpu.sensor import GpuSensor
from telemetry.catalogue import GPU, Kind
from tests.collector.sensors.gpu.gpus import (
    DIFFERENCES,
    FUNCTIONS,
    RATES,
    missing,
    read_gpu,
    read_gpus,
)
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

GIBIBYTE = 1024**3
NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND, NO_DATA = 3, 4, 13, 21
ARGUMENT_VERSION_MISMATCH, DEPRECATED, UNKNOWN = 25, 26, 999


HEALTH: dict[str, Any] = {
    "memory_temperature": 81,
    "fan_speed": 45,
    "performance_state": 2,
    "energy": 1_234_567,  # mJ
    "pcie_generation": 4,
    "pcie_width": 8,
    "nvlink_links": 12,
    "nvlink_active": 11,
    "ecc_errors_corrected": 3,
    "ecc_errors_uncorrected": 2,
    "ecc_errors_uncorrected_volatile": 1,
    "retired_pages": 6,
    "retirement_pending": 1,
    "remapped_rows": 7,
    "remapping_pending": 0,
    "compute_mode": 3,
    "pci_bus_id": "00000000:3B:00.0",
    "slowdown_temperature": 92,
    "temperature_margin": 11,
}


def test_each_value_arrives_in_the_unit_of_the_catalogue(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(
        name="NVIDIA GeForce RTX 4090",
        uuid="GPU-8f0c5d3e-0b1a-4c59-9d53-6c1d0a2b7e11",
        utilization=75,
        memory_utilization=41,
        memory_total=24 * GIBIBYTE,
        memory_reserved=GIBIBYTE // 2,
        memory_used=6_657_199_308,
        temperature=72,
        power=215_437,
        power_limit=450_000,
        sm_clock=2520,
        memory_clock=10_501,
        event_reasons="0x44",
        **HEALTH,
    )
    gpu_sensor.open()
    assert read_gpu(gpu_sensor) == {
        "utilization": 75,
        "memory_used": 6_657_199_308,
        "memory_total": 24 * GIBIBYTE,
        "temperature": 72,
        "power": 215.437,
        "name": "NVIDIA GeForce RTX 4090",
        "uuid": "GPU-8f0c5d3e-0b1a-4c59-9d53-6c1d0a2b7e11",
        "vendor": "nvidia",
        "memory_kind": "dedicated",
        "memory_utilization": 41,
        "power_limit": 450.0,
        "sm_clock": 2520,
        "memory_clock": 10_501,
        "throttle_reasons": ["sw_power_cap", "hw_thermal_slowdown"],
        **HEALTH,
        **dict.fromkeys(DIFFERENCES),
        "energy": 1234.567,
        "compute_mode": "exclusive_process",
    }


@pytest.mark.parametrize("count", [1, 2, 8, 16])
def test_each_gpu_has_a_channel_of_its_own(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, count: int
) -> None:
    fake_nvml.set_gpus(count)
    for gpu in range(count):
        fake_nvml.set_readings(gpu, utilization=gpu, uuid=f"GPU-{gpu}")
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert problem is None
    assert [(gpu, values["utilization"], values["uuid"]) for gpu, values in gpus.items()] == [
        (str(gpu), gpu, f"GPU-{gpu}") for gpu in range(count)
    ]


def test_cuda_visible_devices_does_not_hide_a_gpu(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    fake_nvml.set_gpus(2)
    gpu_sensor.open()
    assert list(read_gpus(gpu_sensor).gpus) == ["0", "1"]


def test_it_reports_how_many_gpus_of_which_model_there_are(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(name="NVIDIA L4")
    gpu_sensor.open()
    assert gpu_sensor.describe() == "1 GPU: NVIDIA L4"
    fake_nvml.set_gpus(3)
    fake_nvml.set_readings(1, name="NVIDIA A100")
    read_gpus(gpu_sensor)
    assert gpu_sensor.describe() == "3 GPUs: NVIDIA L4 ×2, NVIDIA A100"  # noqa: RUF001


def test_the_details_are_the_versions_as_long_as_it_is_open(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set(driver_version="570.86.15", nvml_version="12.570.86.15")
    assert gpu_sensor.details == {}
    gpu_sensor.open()
    assert gpu_sensor.details == {"driver_version": "570.86.15", "nvml_version": "12.570.86.15"}
    gpu_sensor.close()
    assert gpu_sensor.details == {}


@pytest.mark.parametrize(
    "error",
    [NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND, NO_DATA, ARGUMENT_VERSION_MISMATCH],
)
@pytest.mark.parametrize("fields", FUNCTIONS)
def test_a_value_that_the_gpu_does_not_report_is_null_and_no_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, fields: str, error: int
) -> None:
    for function in FUNCTIONS[fields]:
        fake_nvml.fail(error, function)
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    if "memory_kind" in fields and error == NOT_SUPPORTED:
        assert values["memory_kind"] == "unified"
    else:
        assert missing(values) == set(fields.split()) - RATES


def test_a_gpu_that_reports_nothing_is_not_a_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    for functions in FUNCTIONS.values():
        for function in functions:
            fake_nvml.fail(NOT_SUPPORTED, function)
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    memory = {"memory_used", "memory_total", "memory_kind"}  # the system's
    reported = {name for name, value in values.items() if value is not None}
    assert reported == memory | {"vendor"}
    assert gpu_sensor.describe() == "1 GPU: unknown"


@pytest.mark.parametrize(
    "error", [NOT_SUPPORTED, FUNCTION_NOT_FOUND, ARGUMENT_VERSION_MISMATCH, DEPRECATED, UNKNOWN]
)
def test_a_call_that_this_driver_does_not_know_has_a_substitute(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, error: int
) -> None:
    fake_nvml.set_readings(
        memory_used=3, memory_reserved=2, memory_total=9, temperature=50, event_reasons=1
    )
    for newer_or_older in (
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetTemperature",
        "nvmlDeviceGetCurrentClocksEventReasons",
    ):
        fake_nvml.fail(error, newer_or_older)
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    assert values["memory_used"] == 5  # the older call includes reserved memory
    assert values["memory_total"] == 9
    assert values["temperature"] == 50
    assert values["throttle_reasons"] == ["gpu_idle"]


NUMBERS = [
    field.name
    for field in GPU.fields
    if field.kind in (Kind.NUMBER, Kind.INTEGER)
    and field.name
    not in RATES | {"temperature_margin", "nvlink_active"}  # substituted; counted here
]


@pytest.mark.parametrize("field", NUMBERS)
def test_a_value_that_is_not_credible_is_null_and_leaves_the_rest(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, field: str
) -> None:
    fake_nvml.set_readings(**(dict.fromkeys(NUMBERS, 1) | {field: 2**64 - 1}))
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    assert missing(values) - {"nvlink_active"} == {field}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_each_throttle_reason_has_nvmls_name() -> None:
    prefix = "nvmlClocksThrottleReason"
    named = {
        mask: snake(name.removeprefix(prefix))
        for name, mask in vars(pynvml).items()
        if name.startswith(prefix)
        and name.removeprefix(prefix) not in ("None", "All", "UserDefinedClocks")
    }
    assert len(named) == 11
    for mask, name in named.items():
        assert name_reasons(mask) == [name]
    assert name_reasons(0) == []
    assert name_reasons(sum(named)) == [named[1 << bit] for bit in range(len(named))]


def test_a_throttle_reason_of_a_later_driver_is_named_by_its_bit() -> None:
    assert name_reasons(1 << 63 | 1 << 40 | 1) == ["gpu_idle", "unknown_bit_40", "unknown_bit_63"]


def test_what_changes_seldom_is_read_again_after_half_a_minute(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.set_readings(power_limit=450_000)
    gpu_sensor.open()
    fake_nvml.set_readings(power_limit=300_000)
    clock.advance(29.0)
    assert read_gpu(gpu_sensor)["power_limit"] == 450.0
    clock.advance(1.0)
    assert read_gpu(gpu_sensor)["power_limit"] == 300.0
