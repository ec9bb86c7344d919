"""The cost of reading the GPUs: ``python -m tests.benchmarks.gpus [--gpus 8] [--reads 600]``.

Reads the GPUs of a stand-in for NVML, each with two processes. The readings follow each other at
once, with a clock that advances 2 s between them, so that values that are read less often have
their true share. Prints the calls to NVML and the cost of a tick; what each call costs in the
binding and the stand-in, which answers faster than a driver; and the cost of a tick whose calls are
answered from what was recorded, which is our own. Linux only; needs gcc.
"""

import argparse
import ctypes
import io
import os
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pynvml

from collector.sensors.gpu.sensor import GpuSensor
from tests.benchmarks.figures import Figure
from tests.collector.sensors.reading import Clock
from tests.fakes.nvml import FakeNvml, compile_library

INTERVAL = 2.0
_MILLISECONDS = 1e3
_MICROSECONDS = 1e6


class Calls:
    """Stands in front of the binding: counts, measures and records its answers, and replays them.

    Make it before the collector imports the binding's functions.
    """

    def __init__(self) -> None:
        self.replays = False
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._answers: dict[object, tuple[Any, Exception | None]] = {}
        for name in dir(pynvml):
            if name.startswith("nvmlDeviceGet"):
                setattr(pynvml, name, self._wrapped(name, getattr(pynvml, name)))

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(handle: Any = None, *arguments: Any, **options: Any) -> Any:
            # A handle is a new pointer each time; what it points to is the GPU.
            gpu = ctypes.addressof(handle.contents) if hasattr(handle, "contents") else handle
            key = (name, gpu, *arguments, *options.values())
            if not self.replays or key not in self._answers:
                self._answers[key] = self._measured(
                    name, lambda: call(*([] if handle is None else [handle]), *arguments, **options)
                )
            answer, error = self._answers[key]
            if error is not None:
                raise error
            return answer

        return wrapper

    def _measured(self, name: str, call: Callable[[], Any]) -> tuple[Any, Exception | None]:
        started = time.thread_time()
        try:
            return call(), None
        except pynvml.NVMLError as error:
            return None, error
        finally:
            self.counts[name] += 1
            self.seconds[name] += time.thread_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=8, help="how many GPUs there are (8)")
    parser.add_argument("--reads", type=int, default=600, help="how many readings (600)")
    arguments = parser.parse_args()
    with stand_in(arguments.gpus) as (count, calls):
        print(f"{arguments.gpus} GPUs, {arguments.reads} readings, {INTERVAL:g} s apart")
        measure(count, arguments.reads)
        print_calls(calls, arguments.reads)
        calls.replays = True
        print("without the binding and the stand-in:")
        measure(count, arguments.reads)


def figures(_rounds: int, gpus: int = 8, reads: int = 600) -> Iterator[Figure]:
    """Yield our own cost of a tick; the median is that of many ticks."""
    with stand_in(gpus) as (count, calls), redirect_stdout(io.StringIO()):
        measure(count, reads)
        calls.replays = True
        own = measure(count, reads)
    title = f"reading {gpus} GPUs once, excluding the NVML binding and the driver"
    yield Figure(title, own, "ms", "≤ 3 ms")


@contextmanager
def stand_in(gpus: int) -> Iterator[tuple[Callable[[], int], Calls]]:
    """Make this process use a stand-in for NVML; yield the counter of its calls, and the calls."""
    with tempfile.TemporaryDirectory(prefix="fake-nvml-") as name:
        folder = Path(name)
        fake = FakeNvml(compile_library(folder), folder / "script")
        fake.set_gpus(gpus)
        fake.set_readings(processes=f"{os.getpid()}:compute:1024 {os.getppid()}:compute:1024")
        os.environ.update(fake.environment)
        library = ctypes.CDLL(str(fake.library))  # pynvml finds it by its name
        library.fake_nvml_calls.restype = ctypes.c_ulonglong
        yield library.fake_nvml_calls, Calls()


def measure(count: Callable[[], int], reads: int) -> float:
    """Print the calls and the time of a tick; return the median time in milliseconds."""
    clock = Clock()
    sensor = GpuSensor(clock)
    sensor.open()
    list(sensor.read())
    calls: list[int] = []
    seconds: list[float] = []
    busy = time.process_time()
    for _ in range(reads):
        clock.advance(INTERVAL)
        before, started = count(), time.perf_counter()
        list(sensor.read())
        seconds.append(time.perf_counter() - started)
        calls.append(count() - before)
    busy = (time.process_time() - busy) / reads
    sensor.close()
    print(
        f"  NVML calls a tick: {statistics.median_low(calls)}, and {max(calls)} every 30 s;"
        f" {statistics.fmean(calls):.0f} on average"
    )
    print(
        f"  a tick: {statistics.median(seconds) * _MILLISECONDS:.2f} ms (median);"
        f" CPU {busy * _MILLISECONDS:.2f} ms, {busy / INTERVAL:.2%} of a core"
    )
    return statistics.median(seconds) * _MILLISECONDS


def print_calls(calls: Calls, reads: int) -> None:
    """Print what each function costs, the most expensive first."""
    print("  CPU µs a call, calls a tick:")
    for name, seconds in sorted(calls.seconds.items(), key=lambda each: -each[1])[:12]:
        each = seconds / calls.counts[name] * _MICROSECONDS
        print(f"  {each:8.0f} {calls.counts[name] / reads:6.1f}  {name}")


if __name__ == "__main__":
    main()
