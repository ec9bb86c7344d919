"""The readings when GPUs fail; ``test_gpu_absence`` has the failures of the driver."""

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.catalogue import GPU
from telemetry.errors import SensorAbsentError
from tests.collector.sensors.gpu.gpus import FUNCTIONS, RATES, missing, read_gpu, read_gpus
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

INVALID_ARGUMENT, NO_PERMISSION, INSUFFICIENT_POWER, TIMEOUT = 2, 4, 8, 10
GPU_IS_LOST, RESET_REQUIRED, VERSION_MISMATCH, UNKNOWN = 15, 16, 18, 999
UNANSWERED = {field.name: None for field in GPU.fields} | {"vendor": "nvidia"}


@pytest.mark.parametrize("fields", FUNCTIONS)
def test_a_call_that_fails_loses_only_its_own_values_and_is_reported(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, fields: str
) -> None:
    for function in FUNCTIONS[fields]:
        fake_nvml.fail(UNKNOWN, function)
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert missing(gpus["0"]) == set(fields.split()) - RATES
    label = "GPU 0" if fields == "name" else "GPU 0 (NVIDIA H100 80GB HBM3)"
    listed = ", ".join(fields.split())
    assert problem == f"{label} does not report {listed} (Unknown Error)."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("utilization", 150),
        ("temperature", 300),
        ("power", 200_000_000),
        ("fan_speed", 250),
        ("pcie_width", 65),
        ("performance_state", 16),
    ],
)
def test_a_value_out_of_range_is_null_and_reported(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, field: str, value: int
) -> None:
    calm = {"memory_utilization": 1, "memory_temperature": 50, "fan_speed": 50, "power": 5}
    fake_nvml.set_readings(name="NVIDIA L4")
    fake_nvml.set_readings(None, **(calm | {field: value}))
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert missing(gpus["0"]) == {field}
    assert problem == f"GPU 0 (NVIDIA L4) does not report {field} (out of range)."


def test_an_unknown_performance_state_is_null_and_no_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(performance_state=32)
    gpu_sensor.open()
    assert read_gpu(gpu_sensor)["performance_state"] is None


def test_a_name_that_is_not_text_is_null_and_leaves_the_rest(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(name="NVIDIA \udcff", uuid="\udcfe", utilization=5)
    fake_nvml.set(driver_version="\udcff", nvml_version="12.570")
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert gpus["0"]["name"] is None
    assert gpus["0"]["utilization"] == 5
    assert problem == "GPU 0 does not report name, uuid (UnicodeDecodeError)."
    assert gpu_sensor.details == {"nvml_version": "12.570"}


def test_a_value_asked_seldom_is_asked_again_at_once_after_a_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.fail(TIMEOUT, "nvmlDeviceGetEnforcedPowerLimit")
    gpu_sensor.open()
    assert read_gpus(gpu_sensor).problem is not None
    fake_nvml.recover("nvmlDeviceGetEnforcedPowerLimit")
    assert read_gpu(gpu_sensor)["power_limit"] == 700.0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (GPU_IS_LOST, "is lost and no longer answers on its bus: look for Xid 79"),
        (RESET_REQUIRED, "must be reset: end the processes on it, stop System Monitor, and run"),
        (UNKNOWN, "does not answer (Unknown Error): see the kernel log"),
    ],
)
def test_a_gpu_that_no_longer_answers_does_not_hide_the_others_and_comes_back(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, error: int, sentence: str
) -> None:
    fake_nvml.set_gpus(3)
    fake_nvml.set_readings(utilization=5, name="NVIDIA L4", uuid="GPU-5")
    gpu_sensor.open()
    fake_nvml.fail(error, gpu=1)
    for _ in range(2):
        gpus, problem, *_ = read_gpus(gpu_sensor)
        assert [gpus[gpu]["utilization"] for gpu in gpus] == [5, None, 5]
        assert gpus["1"] == {**UNANSWERED, "name": "NVIDIA L4", "uuid": "GPU-5"}
        assert problem is not None
        assert problem.startswith(f"GPU 1 (NVIDIA L4) {sentence}")
        assert problem.count("GPU ") == 1
    fake_nvml.recover(gpu=1)
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert problem is None
    assert not missing(gpus["1"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NO_PERMISSION, "cannot be read by this user"),
        (INSUFFICIENT_POWER, "gets too little power"),
        (INVALID_ARGUMENT, "does not answer (Invalid Argument): see the kernel log"),
    ],
)
def test_a_gpu_that_cannot_be_opened_does_not_hide_the_others(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, error: int, sentence: str
) -> None:
    fake_nvml.set_gpus(2)
    fake_nvml.fail(error, "nvmlDeviceGetHandleByIndex_v2", gpu=0)
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert gpus["0"] == UNANSWERED
    assert not missing(gpus["1"])
    assert problem is not None
    assert problem.startswith(f"GPU 0 {sentence}")
    fake_nvml.recover("nvmlDeviceGetHandleByIndex_v2", gpu=0)
    assert read_gpus(gpu_sensor).problem is None


def test_gpus_that_are_all_lost_are_reported_one_by_one(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(2)
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    fake_nvml.fail(GPU_IS_LOST, gpu=1)
    gpu_sensor.open()
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert gpus == {"0": UNANSWERED, "1": UNANSWERED}
    assert problem is not None
    assert problem.count(" is lost ") == 2


def test_a_driver_in_which_no_gpu_answers_is_restarted_every_half_minute(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.set_readings(name="NVIDIA L4", uuid="GPU-5")
    gpu_sensor.open()
    fake_nvml.fail(UNKNOWN, gpu=0)
    for seconds in (1.0, 29.0, 1.0, 29.0):
        assert read_gpus(gpu_sensor).gpus == {
            "0": {**UNANSWERED, "name": "NVIDIA L4", "uuid": "GPU-5"}
        }
        clock.advance(seconds)
    read_gpus(gpu_sensor)
    fake_nvml.fail(VERSION_MISMATCH, "nvmlInitWithFlags")
    clock.advance(29.0)
    read_gpus(gpu_sensor)
    clock.advance(1.0)
    with pytest.raises(SensorAbsentError, match="was updated"):
        read_gpus(gpu_sensor)


def test_a_driver_is_not_restarted_while_one_of_its_gpus_answers(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, clock: Clock
) -> None:
    fake_nvml.set_gpus(2)
    gpu_sensor.open()
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    fake_nvml.fail(VERSION_MISMATCH, "nvmlInitWithFlags")
    for _ in range(3):
        assert list(read_gpus(gpu_sensor).gpus) == ["0", "1"]
        clock.advance(60.0)


def test_gpus_may_come_and_go(gpu_sensor: GpuSensor, fake_nvml: FakeNvml) -> None:
    fake_nvml.set_gpus(2)
    gpu_sensor.open()
    for count in (2, 4, 1):
        fake_nvml.set_gpus(count)
        gpus, problem, *_ = read_gpus(gpu_sensor)
        assert problem is None
        assert len(gpus) == count
        assert not missing(gpus[str(count - 1)])
    fake_nvml.set_gpus(0)
    with pytest.raises(SensorAbsentError, match="is running but lists no GPU"):
        read_gpus(gpu_sensor)


def test_gpus_that_cannot_be_counted_are_still_read(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(2)
    gpu_sensor.open()
    fake_nvml.fail(TIMEOUT, "nvmlDeviceGetCount_v2")
    gpus, problem, *_ = read_gpus(gpu_sensor)
    assert len(gpus) == 2
    assert problem is not None
    assert problem.startswith("The NVIDIA driver does not work (Timeout): run `nvidia-smi`")
