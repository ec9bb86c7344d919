"""Rates from the GPU's counters, and what a GPU does not report."""

import logging

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.gpu.gpus import RATES, missing, read_gpu
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

INVALID_ARGUMENT, NOT_SUPPORTED, NO_DATA, UNKNOWN = 2, 3, 21, 999
FANS = "nvmlDeviceGetFanSpeed"


def test_rates_are_the_counters_differences_over_the_measured_time(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.set_readings(energy=1_000_000, pcie_tx_bytes=0, pcie_rx_bytes=5_000_000)
    fake_nvml.set_readings(nvlink_tx_kib=1000, nvlink_rx_kib=0)
    gpu_sensor.open()
    first = read_gpu(gpu_sensor)
    assert [first[name] for name in RATES] == [None] * 5
    clock.advance(2.5)
    fake_nvml.set_readings(energy=1_750_000, pcie_tx_bytes=10_000_000, pcie_rx_bytes=30_000_000)
    fake_nvml.set_readings(nvlink_tx_kib=26_000, nvlink_rx_kib=250_000_000)
    second = read_gpu(gpu_sensor)
    assert second["energy"] == 1750.0
    assert {name: second[name] for name in RATES} == {
        "power_average": 300.0,
        "pcie_tx_rate": 4.0,
        "pcie_rx_rate": 10.0,
        "nvlink_tx_rate": 10.24,
        "nvlink_rx_rate": 102_400.0,
    }


@pytest.mark.parametrize("links", [0, NOT_SUPPORTED])
def test_a_gpu_without_nvlink_has_null_for_it_and_no_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock, links: int
) -> None:
    fields = (138, 139, 91) if links else (138, 139)
    fake_nvml.set(**{f"field.{field}.error": NOT_SUPPORTED for field in fields})
    fake_nvml.set_readings(nvlink_links=0)
    gpu_sensor.open()
    read_gpu(gpu_sensor)
    clock.advance(2.0)
    values = read_gpu(gpu_sensor)
    null = {name for name, value in values.items() if value is None}
    assert null == {"nvlink_links", "nvlink_active", "nvlink_tx_rate", "nvlink_rx_rate"}


def test_the_shares_are_those_of_the_reasons_over_the_last_minutes(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    gpu_sensor.open()
    for mask in ("0x0", "0x4", "0x44", "0x1", "0x1"):
        fake_nvml.set_readings(event_reasons=mask)
        values = read_gpu(gpu_sensor)
        clock.advance(2.0)
    assert values["throttle_shares"] == {
        "gpu_idle": 50.0,
        "hw_thermal_slowdown": 25.0,
        "sw_power_cap": 50.0,
    }


def test_a_counter_that_goes_backwards_gives_no_rate_and_the_next_reading_has_one(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    gpu_sensor.open()
    averages = []
    for energy in (9_000_000, 100_000, 300_000):
        fake_nvml.set_readings(energy=energy)
        averages.append(read_gpu(gpu_sensor)["power_average"])
        clock.advance(2.0)
    assert averages == [None, None, 100.0]


def test_a_rate_that_is_not_credible_is_null(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.set_readings(energy=0)
    gpu_sensor.open()
    read_gpu(gpu_sensor)
    clock.advance(2.0)
    fake_nvml.set_readings(energy=10**12)
    assert read_gpu(gpu_sensor)["power_average"] is None


@pytest.mark.parametrize("error", [INVALID_ARGUMENT, NOT_SUPPORTED])
def test_a_field_that_this_driver_does_not_know_leaves_the_others(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock, error: int
) -> None:
    fake_nvml.set(**{"field.197.error": error, "field.198.error": error})
    gpu_sensor.open()
    read_gpu(gpu_sensor)
    clock.advance(2.0)
    values = read_gpu(gpu_sensor)
    assert not missing(values)
    assert {name for name in RATES if values[name] is None} == {"pcie_tx_rate", "pcie_rx_rate"}


def test_a_count_of_errors_that_is_not_kept_leaves_the_others(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(ecc_errors_corrected=7, ecc_errors_uncorrected_volatile=2)
    fake_nvml.set(**{"ecc_errors_uncorrected.error": NOT_SUPPORTED})
    gpu_sensor.open()
    values = read_gpu(gpu_sensor)
    assert missing(values) == {"ecc_errors_uncorrected"}
    assert values["ecc_errors_corrected"] == 7
    assert values["ecc_errors_uncorrected_volatile"] == 2


@pytest.mark.parametrize(("error", "reported"), [(NOT_SUPPORTED, 5), (UNKNOWN, 5), (0, 2**31 - 1)])
def test_the_margin_is_computed_from_the_threshold_if_the_driver_reports_none(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, error: int, reported: int
) -> None:
    fake_nvml.set_readings(temperature=70, slowdown_temperature=92, temperature_margin=reported)
    fake_nvml.fail(error, "nvmlDeviceGetMarginTemperature")
    gpu_sensor.open()
    assert read_gpu(gpu_sensor)["temperature_margin"] == 22


def test_what_is_not_supported_is_tried_again_after_half_a_minute_and_logged_once(
    gpu_sensor: GpuSensor,
    fake_nvml: FakeNvml,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    fake_nvml.fail(NOT_SUPPORTED, FANS)
    gpu_sensor.open()
    for _ in range(2):
        assert read_gpu(gpu_sensor)["fan_speed"] is None
        clock.advance(30.0)
    read_gpu(gpu_sensor)
    fake_nvml.recover(FANS)
    clock.advance(29.0)
    assert read_gpu(gpu_sensor)["fan_speed"] is None
    clock.advance(1.0)
    assert read_gpu(gpu_sensor)["fan_speed"] is not None
    assert [message for message in caplog.messages if "fan_speed" in message] == [
        "GPU 0 (NVIDIA H100 80GB HBM3) does not report fan_speed (Not Supported)"
    ]


def test_a_value_without_data_yet_is_asked_for_again_at_the_next_reading(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.fail(NO_DATA, FANS)
    gpu_sensor.open()
    assert read_gpu(gpu_sensor)["fan_speed"] is None
    fake_nvml.recover(FANS)
    assert read_gpu(gpu_sensor)["fan_speed"] is not None
