"""Everything that a peer or an aim can be set beside, in one table.

``python -m tests.benchmarks [--rounds 3] [--only live ingest …]``. Each benchmark runs in a process
of its own. The machine should be idle. Peers (netdata, Telegraf, node_exporter, wrk) are used if
they are on PATH.
"""

import argparse
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.benchmarks.figures import Figure, figures_of, print_table

BENCHMARKS = (
    *("responses", "history", "live", "latency", "ingest", "fleet", "footprint", "gpus"),
    *("sensors", "advisor"),
)


def main() -> None:
    """Measure, and print the machine and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are printed")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=BENCHMARKS)
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, load {load};")
    print(f"Python {platform.python_version()}; medians of {options.rounds} rounds.\n")
    print_table(measured(options.only, options.rounds))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\nLoad afterwards: {load}.")


def measured(names: list[str], rounds: int) -> Iterator[Figure]:
    """Yield the figures of each benchmark; a benchmark that fails is reported and skipped."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        for name in names:
            try:
                yield from pool.submit(figures_of, name, rounds).result()
            except Exception as error:  # noqa: BLE001 - the others are still worth their minutes
                print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
