"""Pictures of ``system-monitor top``: ``python -m tests.benchmarks.top_pictures``.

Starts a broker, publishes made-up samples of a host with eight GPUs and of a fleet, and writes
``top.svg`` and ``top-fleet.svg`` to ``--folder`` (``docs/pictures``).
"""

import argparse
import asyncio
import math
import re
from pathlib import Path
from random import Random

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from tests.deploy.top.states import (
    GIB,
    Content,
    finding,
    gpu_sample,
    machine,
    process,
    processes_sample,
    status,
)
from tests.deploy.top.test_app import Terminal, terminal
from tests.services.processes import free_port

_TICKS = 40
_GPUS = 8
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # the picture must not load anything
_SLOW = "GPU 3: too hot for 31% of the last 10 min; its clock was 22% lower meanwhile"


def tick(rng: Random, host: str, index: int) -> list[Content]:
    """Return a sample of each GPU and of the machine."""
    found: list[Content] = []
    for gpu in range(_GPUS):
        busy = 92 - 30 * (gpu % 3 == 2) + 8 * math.sin(index / 3 + gpu) + rng.gauss(0, 3)
        use = max(0.0, min(100.0, busy if gpu < _GPUS - 1 else rng.choice([0.0, 0.0, 2.0])))
        hot = gpu == 3
        values = {
            "utilization": use,
            "memory_used": round((71.5 - gpu) * GIB) if gpu < _GPUS - 1 else 3 * GIB,
            "memory_total": 80 * GIB,
            "temperature": 87.0 if hot else 50.0 + use / 5,
            "temperature_margin": 0.0 if hot else 30.0,
            "power": 120.0 + use * 5.4,
            "power_limit": 700.0,
            "name": "NVIDIA H100 80GB HBM3",
            "throttle_reasons": ["hw_thermal_slowdown"] if hot else [],
        }
        found.append(gpu_sample(gpu, host, **values))
        found.append(processes_sample(gpu, _job(gpu), host=host))
    cores = [max(0.0, min(100.0, rng.gauss(35, 25))) for _ in range(64)]
    return [*found, *machine(host, per_core=cores, utilization=sum(cores) / 64)]


def _job(gpu: int) -> dict[str, object]:
    started = unix_milliseconds() - 31_000_000
    if gpu < _GPUS - 1:
        memory = round((70.9 - gpu) * GIB)
        return process(
            41_213 + gpu, command="python3 train.py", memory_used=memory, started=started
        )
    return process(40_877, user="grace", command="jupyter", memory_used=3 * GIB, started=started)


async def draw(top: Terminal, rng: Random, hosts: list[str]) -> str:
    """Publish some ticks, and return the picture."""
    for index in range(_TICKS):
        top.publish(*(each for host in hosts for each in tick(rng, host, index)))
        await top.pilot.pause(0.05)
        top.app.draw()
    await top.pilot.pause()
    return _FONT.sub("", top.app.export_screenshot(title="system-monitor top"))


async def draw_all(bus: BusConnection) -> dict[str, str]:
    """Return both pictures by name."""
    rng = Random(7)  # noqa: S311 - a picture
    fleet = [f"gpu-{number:02}" for number in range(1, 7)]
    drawn = {}
    for name, hosts, size in (("top", ["gpu-07"], (80, 24)), ("top-fleet", fleet, (80, 10))):
        slow = finding("gpu3", "warning", _SLOW, host=hosts[len(hosts) // 2])
        async with terminal(bus, *map(status, hosts), slow, size=size) as top:
            drawn[name] = await draw(top, rng, hosts)
    return drawn


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    folder = parser.parse_args().folder
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    bus = BusConnection(BrokerAddress(broker.host, broker.port), "top-pictures")
    bus.start()
    bus.wait_connected(10.0)
    for name, picture in asyncio.run(draw_all(bus)).items():
        (folder / f"{name}.svg").write_text(picture)
        print(folder / f"{name}.svg", flush=True)
    bus.stop()
    broker.stop()


if __name__ == "__main__":
    main()
