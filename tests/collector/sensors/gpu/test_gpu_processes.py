"""The processes that use a GPU, looked up among real processes."""

import contextlib
import getpass
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.samples import Sample
from tests.collector.sensors.gpu.gpus import missing, read_gpus, read_processes
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml

NOT_SUPPORTED, FUNCTION_NOT_FOUND, GPU_IS_LOST, UNKNOWN = 3, 13, 15, 999
COMPUTE = "nvmlDeviceGetComputeRunningProcesses_v3"
MEBIBYTE = 1024 * 1024
UNUSED_PID = 2**22 + 7  # above the highest id that Linux assigns
NOT_REPORTED = {"processes": None, "more": None, "unresolved": None, "note": None}


@contextlib.contextmanager
def running(script: Path) -> Iterator[int]:
    """Run a Python script that waits for its input to end; yield its process id."""
    script.write_text("import sys\nprint('ready', flush=True)\nsys.stdin.read()\n")
    command = [sys.executable, str(script), "--token", "secret"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        # Its command line is empty until the kernel has laid out its memory.
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """Return a ``/proc`` such as that of a container with its own PID namespace."""
    namespace = tmp_path / "self" / "ns"
    namespace.mkdir(parents=True)
    (namespace / "pid").symlink_to("pid:[4026532281]")
    return tmp_path


def test_a_process_has_its_name_command_user_memory_and_start(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, tmp_path: Path
) -> None:
    gpu_sensor.open()
    with running(tmp_path / "train.py") as pid:
        fake_nvml.set_readings(processes=f"{pid}:compute:{6 * MEBIBYTE}")
        reported = read_processes(gpu_sensor)
        name = psutil.Process(pid).name()
    (process,) = reported["processes"]
    assert abs(process["started"] - time.time() * 1000) < 60_000
    assert process | {"started": 0} == {
        "pid": pid,
        "name": name,
        "command": f"{Path(sys.executable).name} train.py",
        "user": getpass.getuser(),
        "memory_used": 6 * MEBIBYTE,
        "kind": "compute",
        "started": 0,
        "gpu_instance": None,
    }
    assert (reported["more"], reported["unresolved"], reported["note"]) == (0, 0, None)


def test_arguments_are_not_published(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, tmp_path: Path
) -> None:
    gpu_sensor.open()
    with running(tmp_path / "train.py") as pid:
        fake_nvml.set_readings(processes=f"{pid}:compute:1")
        sample = Sample("system/gpu/0/processes", "me", 1, read_processes(gpu_sensor))
    assert b"train.py" in sample.payload()
    assert b"secret" not in sample.payload()


@pytest.mark.skipif(sys.platform != "linux", reason="names are set otherwise elsewhere")
def test_a_title_that_a_process_gives_itself_is_not_published(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import ctypes, sys\n"
        "ctypes.CDLL(None).prctl(15, b'trainer-process')\n"  # PR_SET_NAME
        "print('named', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = ["trainer-process-one token=secret", str(script)]
    with subprocess.Popen(
        command, executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        fake_nvml.set_readings(processes=f"{process.pid}:compute:1")
        gpu_sensor.open()
        (listed,) = read_processes(gpu_sensor)["processes"]
    assert (listed["name"], listed["command"]) == ("trainer-process", "trainer-process-one")


def test_a_gpu_without_processes_has_an_empty_list(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes="none")
    gpu_sensor.open()
    assert read_processes(gpu_sensor) == {
        **NOT_REPORTED,
        "processes": [],
        "more": 0,
        "unresolved": 0,
    }


def test_those_with_the_most_memory_come_first_and_the_rest_is_counted(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(
        processes=" ".join(f"{UNUSED_PID + n}:compute:{n * MEBIBYTE}" for n in range(100))
    )
    gpu_sensor.open()
    reported = read_processes(gpu_sensor)
    assert [each["memory_used"] for each in reported["processes"]] == [
        n * MEBIBYTE for n in range(99, 35, -1)
    ]
    assert reported["more"] == 36


def test_a_process_that_computes_and_draws_is_listed_once(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes="7:compute:5 7:graphics:5 8:graphics:- 9:mps:3 8:compute:-")
    gpu_sensor.open()
    listed = read_processes(gpu_sensor)["processes"]
    assert [(each["pid"], each["kind"], each["memory_used"]) for each in listed] == [
        (7, "compute+graphics", 5),
        (9, "mps", 3),
        (8, "compute+graphics", None),
    ]


def test_a_process_that_has_ended_since_it_was_listed_is_not_a_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes=f"{UNUSED_PID}:compute:5")
    gpu_sensor.open()
    reported = read_processes(gpu_sensor)
    (process,) = reported["processes"]
    assert process == {
        **dict.fromkeys(("name", "command", "user", "started", "gpu_instance")),
        "pid": UNUSED_PID,
        "memory_used": 5,
        "kind": "compute",
    }
    assert (reported["unresolved"], reported["note"]) == (1, None)


def test_a_process_that_stays_hidden_is_explained(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes=f"{UNUSED_PID}:compute:5")
    gpu_sensor.open()
    read_processes(gpu_sensor)
    assert "hidepid" in read_processes(gpu_sensor)["note"]
    fake_nvml.set_readings(processes=f"{os.getpid()}:compute:5")
    assert read_processes(gpu_sensor)["note"] is None


def test_a_process_id_that_is_reused_is_looked_up_again(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml, tmp_path: Path
) -> None:
    gpu_sensor.open()
    with running(tmp_path / "train.py") as pid:
        fake_nvml.set_readings(processes=f"{pid}:compute:5")
        assert read_processes(gpu_sensor)["unresolved"] == 0
    assert read_processes(gpu_sensor)["unresolved"] == 1


def test_a_process_on_several_gpus_is_the_same_on_each(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(3)
    for gpu in range(3):
        fake_nvml.set_readings(gpu, processes=f"{os.getpid()}:compute:{gpu}")
    gpu_sensor.open()
    rows = [reported["processes"][0] for reported in read_gpus(gpu_sensor).processes.values()]
    assert [row["memory_used"] for row in rows] == [0, 1, 2]
    assert len({(row["user"], row["command"], row["started"]) for row in rows}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux'")
def test_in_a_container_with_process_ids_of_its_own_no_process_is_mistaken_for_another(
    fake_nvml: FakeNvml, clock: Clock, container: Path
) -> None:
    fake_nvml.set_readings(processes=f"{os.getpid()}:compute:5")
    sensor = GpuSensor(clock, container)
    sensor.open()
    reported = read_processes(sensor)
    sensor.close()
    (process,) = reported["processes"]
    assert (process["memory_used"], process["name"], process["user"]) == (5, None, None)
    assert reported["unresolved"] == 1
    assert "docker run --pid=host" in reported["note"]


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux'")
def test_the_open_kernel_module_reports_the_containers_own_ids(
    fake_nvml: FakeNvml, clock: Clock, container: Path
) -> None:
    version = container / "driver" / "nvidia" / "version"
    version.parent.mkdir(parents=True)
    version.write_text("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05\n")
    fake_nvml.set_readings(processes=f"{os.getpid()}:compute:5")
    sensor = GpuSensor(clock, container)
    sensor.open()
    reported = read_processes(sensor)
    sensor.close()
    assert reported["processes"][0]["user"] == getpass.getuser()
    assert (reported["unresolved"], reported["note"]) == (0, None)


def test_a_driver_that_knows_only_the_older_call_reports_its_processes(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes="7:compute:5")
    fake_nvml.fail(FUNCTION_NOT_FOUND, COMPUTE)
    gpu_sensor.open()
    assert [each["pid"] for each in read_processes(gpu_sensor)["processes"]] == [7]


def test_a_gpu_that_does_not_report_its_processes_is_not_a_failure(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    for kind in ("Compute", "Graphics", "MPSCompute"):
        for version in ("v2", "v3"):
            fake_nvml.fail(NOT_SUPPORTED, f"nvmlDeviceGet{kind}RunningProcesses_{version}")
    gpu_sensor.open()
    assert read_processes(gpu_sensor) == NOT_REPORTED


def test_a_listing_that_fails_loses_no_other_value_and_is_reported(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_readings(processes="7:compute:5 8:graphics:6")
    for version in ("v2", "v3"):
        fake_nvml.fail(UNKNOWN, f"nvmlDeviceGetComputeRunningProcesses_{version}")
    gpu_sensor.open()
    gpus, problem, processes, _ = read_gpus(gpu_sensor)
    assert not missing(gpus["0"])
    assert [each["pid"] for each in processes["0"]["processes"]] == [8]
    assert problem == (
        "GPU 0 (NVIDIA H100 80GB HBM3) does not report compute processes (Unknown Error)."
    )


def test_a_lost_gpu_does_not_report_its_processes_and_the_others_do(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    fake_nvml.set_gpus(2)
    gpu_sensor.open()
    fake_nvml.fail(GPU_IS_LOST, gpu=0)
    processes = read_gpus(gpu_sensor).processes
    assert processes["0"] == NOT_REPORTED
    assert len(processes["1"]["processes"]) == 1
