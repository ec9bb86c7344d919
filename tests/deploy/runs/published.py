"""Runs as a consumer of the bus sees them, and a command that is one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.topics import TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.events import Event
from telemetry.samples import Sample
from tests.deploy.monitor import COMMAND, SECONDS, environment
from tests.services.embedded import Listener, Received
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

SCRIPT = (
    "import os, sys\nprint(os.environ['SYSTEM_MONITOR_RUN_ID'], flush=True)\nsys.stdin.read()\n"
)
GB = 10**9


class Published:
    """The messages about runs below a prefix of their own."""

    def __init__(self, listener: Listener, prefix: str) -> None:
        self._listener = listener
        self.scheme = TopicScheme(prefix)

    def messages(self) -> list[Received]:
        return [each for each in self._listener.received if "/system/runs/" in each.topic]

    def events(self) -> list[Event]:
        """Return the decoded states, as any consumer would see them."""
        decoded = [
            decode(resolve(self.scheme, each.topic), each.payload, arrived=0)
            for each in self.messages()
            if each.payload
        ]
        return [each for each in decoded if isinstance(each, Event)]

    def wait_for_state(self, **values: object) -> Event:
        def matching() -> list[Event]:
            return [
                each
                for each in self.events()
                if values.items() <= {"id": each.id, **each.values}.items()
            ]

        wait_until(lambda: bool(matching()), f"a state with {values}", SECONDS)
        return matching()[-1]

    def publish_reading(self, time: int, pid: int, **values: Any) -> None:
        """Publish a reading of GPU 0 of the host alpha, with the process ``pid`` on it."""
        reading = {"utilization": 80.0, "memory_used": 9 * GB, "memory_total": 80 * GB}
        more = {"temperature": 60.0, "power": 300.0, "throttle_reasons": [], **values}
        row = {"pid": pid, "memory_used": 2 * GB, "started": time, "name": "python3"}
        for channel, content in (
            ("system/gpu/0", {**reading, **more}),
            ("system/gpu/0/processes", {"processes": [row], "more": 0, "note": None}),
        ):
            sample = Sample(channel, "alpha", time, content)
            self._listener.publish(self.scheme.topic("alpha", channel), sample.payload())


@contextmanager
def training(
    folder: Path, broker: Mosquitto | EmbeddedBroker, published: Published, *options: str
) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir(exist_ok=True)
    script = folder / "train.py"
    script.write_text(SCRIPT)
    where = ("--mqtt-url", f"mqtt://127.0.0.1:{broker.port}", "--host-name", "alpha")
    command = [sys.executable, str(script), "--token", "secret"]
    prefix = ("--topic-prefix", published.scheme.prefix)
    with subprocess.Popen(
        [COMMAND, "run", *where, *prefix, *options, "--", *command],
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
