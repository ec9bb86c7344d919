"""Compares a real GPU's readings with ``nvidia-smi``: ``python -m tests.benchmarks.gpu_hardware``.

Puts a load on the first GPU: allocates more and more memory, and multiplies matrices if PyTorch is
installed; otherwise, overwrites the memory repeatedly. Meanwhile, reads every GPU, runs
``nvidia-smi``, and writes a table with the card and the driver to ``docs/gpu-hardware.md``.
Options: ``--seconds 30``, the time that the load runs before the reading; ``--file``, another file;
``--no-load``.
"""

import argparse
import ctypes
import datetime as dt
import multiprocessing
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from collector.sensors.gpu.sensor import GpuSensor
from telemetry.catalogue import GPU, GPU_PROCESSES, family_of, place_of
from telemetry.errors import SensorAbsentError
from tests.collector.sensors.gpu import nvidia_smi

_STEP = 256 * 1024 * 1024
_MOST_STEPS = 16
_STEP_SECONDS = 1.0
_PRODUCT_SIZE = 4096

Reading = Mapping[str, object]


def main() -> None:
    """Start the load, read the GPUs, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--file", type=Path, default=Path("docs/gpu-hardware.md"))
    parser.add_argument("--no-load", action="store_true")
    arguments = parser.parse_args()
    sensor = GpuSensor()
    try:
        sensor.open()
    except SensorAbsentError as absence:
        sys.exit(str(absence))
    with nullcontext() if arguments.no_load else _load():
        time.sleep(arguments.seconds)
        readings = {reading.channel: reading.values for reading in sensor.read()}
        time.sleep(1)
        readings = {reading.channel: reading.values for reading in sensor.read()}
        theirs = nvidia_smi.query()
    driver = sensor.details["driver_version"]
    sensor.close()
    arguments.file.write_text(page(readings, theirs, driver))
    print(arguments.file)


def page(
    readings: Mapping[str, Reading], theirs: list[dict[str, nvidia_smi.Reported]], driver: str
) -> str:
    """Return the page: a table for each GPU, and the count of its processes."""
    today = dt.datetime.now(tz=dt.UTC).date()
    parts = [f"# GPUs beside nvidia-smi\n\nDriver {driver}, {today}; see [GPUs](gpus.md)."]
    gpus = {channel: values for channel, values in readings.items() if family_of(channel) is GPU}
    for (channel, values), row in zip(gpus.items(), theirs, strict=True):
        listing = readings[GPU_PROCESSES.channel.format(**place_of(channel))]["processes"]
        count = len(listing) if isinstance(listing, list) else "no"
        parts.append(f"## `{channel}`: {values['name']}\n\n{_table(values, row)}")
        parts.append(f"{count} processes are listed.")
    mig = sum(1 for channel in readings if getattr(family_of(channel), "name", "") == "gpu_mig")
    if mig:
        parts.append(f"{mig} MIG instances are listed.")
    return "\n\n".join(parts) + "\n"


def _table(values: Reading, row: Mapping[str, nvidia_smi.Reported]) -> str:
    lines = ["| field | here | nvidia-smi | its name | |", "| --- | --- | --- | --- | --- |"]
    compared = {each.field: each for each in nvidia_smi.COMPARED}
    for field, value in values.items():
        said = row.get(field)
        if said is None:
            lines.append(f"| `{field}` | {value} | | | |")
            continue
        same = nvidia_smi.agrees(compared[field], value, said.value, values)
        verdict = "" if same else "differs"
        lines.append(f"| `{field}` | {value} | {said.value} | `{said.name}` | {verdict} |")
    return "\n".join(lines)


@contextmanager
def _load() -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=work, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def work() -> None:
    """Use the first GPU until this process ends."""
    try:
        import torch  # type: ignore[import-not-found] # noqa: PLC0415 - optional
    except ImportError:
        _write_over_and_over()
    else:
        kept: list[object] = []
        matrix = torch.rand(_PRODUCT_SIZE, _PRODUCT_SIZE, device="cuda")
        while True:
            if len(kept) < _MOST_STEPS:
                kept.append(torch.empty(_STEP, dtype=torch.uint8, device="cuda"))
            until = time.monotonic() + _STEP_SECONDS
            while time.monotonic() < until:
                matrix = torch.nn.functional.normalize(matrix @ matrix)
                torch.cuda.synchronize()


def _write_over_and_over() -> None:
    # CUDA's driver API, https://docs.nvidia.com/cuda/cuda-driver-api/
    cuda = ctypes.CDLL("libcuda.so.1")
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _check(cuda.cuInit(0))
    _check(cuda.cuDeviceGet(ctypes.byref(device), 0))
    _check(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
    _check(cuda.cuCtxSetCurrent(context))
    blocks: list[ctypes.c_uint64] = []
    while True:
        if len(blocks) < _MOST_STEPS:
            block = ctypes.c_uint64()
            _check(cuda.cuMemAlloc_v2(ctypes.byref(block), ctypes.c_size_t(_STEP)))
            blocks.append(block)
        until = time.monotonic() + _STEP_SECONDS
        while time.monotonic() < until:
            for block in blocks:
                _check(cuda.cuMemsetD8_v2(block, ctypes.c_ubyte(1), ctypes.c_size_t(_STEP)))
            _check(cuda.cuCtxSynchronize())


def _check(error: int) -> None:
    if error:
        sys.exit(f"CUDA failed with error {error}.")


if __name__ == "__main__":
    main()
