"""The cost of each system sensor: ``python -m tests.benchmarks.sensors [--reads 2000]``.

Prints the CPU time of one reading on this machine, including the kernel's. The readings follow each
other at once, with a clock that advances 2 s between them, so that values that are read less often
have their true share.
"""

import argparse
import itertools
import time
from collections.abc import Iterator

from collector.sensors.cpu import CpuSensor
from collector.sensors.disk import DiskSensor
from collector.sensors.memory import MemorySensor
from collector.sensors.network import NetworkSensor
from collector.sensors.port import Sensor
from tests.benchmarks.figures import Figure, print_table

INTERVAL = 2.0


def microseconds_per_read(sensor: Sensor, reads: int) -> float:
    """Return the mean CPU time of ``reads`` readings."""
    sensor.open()
    before = time.process_time()
    for _ in range(reads):
        for _reading in sensor.read():
            pass
    spent = time.process_time() - before
    sensor.close()
    return spent / reads * 1e6


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=2000, help="how many readings of each")
    print_table(figures(1, parser.parse_args().reads))


def figures(_rounds: int, reads: int = 2000) -> Iterator[Figure]:
    """Yield the mean cost of a reading of each sensor."""
    for kind in (CpuSensor, MemorySensor, DiskSensor, NetworkSensor):
        sensor = kind(clock=itertools.count(step=INTERVAL).__next__)
        cost = microseconds_per_read(sensor, reads)
        yield Figure(f"reading the sensor `{sensor.name}`: CPU time", cost, "µs")


if __name__ == "__main__":
    main()
