"""The cost of reading the GPUs: ``python -m tests.benchmarks.gpus [--gpus 8] [--reads 600]``.

Reads the GPUs of a fake NVML, each with two processes, and counts the calls to NVML. The readings
follow each other at once, with a clock that advances 2 s between them, so that values that are read
less often have their true share. The fake answers in microseconds and a driver takes longer: the
times are what System Monitor adds to the driver's. Linux only; needs gcc.
"""

import argparse
import ctypes
import os
import statistics
import tempfile
import time
from pathlib import Path

import pynvml

from collector.sensors.gpu.sensor import GpuSensor
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml, compile_library

INTERVAL = 2.0
_SECONDS_IN_MILLISECOND = 1e-3
_CALLS = 20_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=8, help="how many GPUs there are (8)")
    parser.add_argument("--reads", type=int, default=600, help="how many readings (600)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fake-nvml-") as name:
        folder = Path(name)
        fake = FakeNvml(compile_library(folder), folder / "script")
        fake.set_gpus(arguments.gpus)
        fake.set_readings(processes=f"{os.getpid()}:compute:1024 {os.getppid()}:compute:1024")
        os.environ.update(fake.environment)
        library = ctypes.CDLL(str(fake.library))  # pynvml finds it by its name
        library.fake_nvml_calls.restype = ctypes.c_ulonglong
        measure(library, arguments.gpus, arguments.reads)


def measure(library: ctypes.CDLL, gpus: int, reads: int) -> None:
    """Print the calls and the time of a tick."""
    clock = Clock()
    sensor = GpuSensor(clock)
    sensor.open()
    list(sensor.read())
    calls: list[int] = []
    seconds: list[float] = []
    busy = time.process_time()
    for _ in range(reads):
        clock.advance(INTERVAL)
        before, started = library.fake_nvml_calls(), time.perf_counter()
        list(sensor.read())
        seconds.append(time.perf_counter() - started)
        calls.append(library.fake_nvml_calls() - before)
    busy = time.process_time() - busy
    sensor.close()
    mean = statistics.fmean(calls)
    print(f"{gpus} GPUs, {reads} readings, {INTERVAL:g} s apart by their clock")
    print(
        f"NVML calls a tick: {statistics.median_low(calls)}, and {max(calls)} every 30 s;"
        f" {mean:.0f} on average"
    )
    print(f"a tick: {milliseconds(statistics.median(seconds))} (median)")
    print(
        f"CPU a tick: {milliseconds(busy / reads)}, {busy / reads / INTERVAL:.2%} of a core;"
        f" {milliseconds(mean * seconds_of_a_call())} of it in the binding and the fake"
    )


def seconds_of_a_call() -> float:
    """Return the CPU time of one call to NVML, through its binding."""
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    busy = time.process_time()
    for _ in range(_CALLS):
        pynvml.nvmlDeviceGetPowerUsage(handle)
    busy = time.process_time() - busy
    pynvml.nvmlShutdown()
    return busy / _CALLS


def milliseconds(seconds: float) -> str:
    """Return ``seconds`` in milliseconds, with the unit."""
    return f"{seconds / _SECONDS_IN_MILLISECOND:.2f} ms"


if __name__ == "__main__":
    main()
