"""What `system-monitor run` publishes, on a real broker."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.decoding import decode, resolve
from telemetry.events import Event
from telemetry.samples import Sample
from tests.deploy.monitor import COMMAND, SECONDS, environment
from tests.services.embedded import Listener, Received
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="`run` needs Linux")
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


@pytest.fixture
def published(mosquitto: Mosquitto) -> Iterator[Published]:
    prefix = f"runs-{uuid.uuid4().hex[:8]}"
    with Listener(mosquitto.port, f"{prefix}/#") as listener:
        yield Published(listener, prefix)


@contextmanager
def training(
    folder: Path, broker: Mosquitto, published: Published, *options: str
) -> Iterator[subprocess.Popen[str]]:
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


def test_a_run_is_retained_while_it_runs_and_an_event_when_it_ends(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    options = ("--name", "ablation 7", "--tag", "nightly", "--tag", "b")
    with training(tmp_path, mosquitto, published, *options) as process:
        state = published.wait_for_state(name="ablation 7", ended=None)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == state.id
        assert state.id.startswith("ablation-7-")
        assert state.host == "alpha"
        assert state.values["tags"] == ["nightly", "b"]
        assert state.values["how"] == "command"
        assert state.values["command"] == f"{Path(sys.executable).name} train.py"
        with Listener(mosquitto.port, f"{published.scheme.prefix}/system/runs/+") as late:
            topic = published.messages()[0].topic
            assert json.loads(late.wait_for(topic)[0])["id"] == state.id
        now, pid = unix_milliseconds(), state.values["pid"]
        assert isinstance(pid, int)
        published.publish_reading(now, pid, energy=1000.0)
        published.publish_reading(now + 2000, pid, energy=1500.0)
        wait_until(lambda: published.events()[-1].values["gpus"] == ["0"], "the GPU", SECONDS)
        _, errors = process.communicate("", SECONDS)
    end = published.wait_for_state(id=f"{state.id}.end")
    assert (end.values["exit_code"], end.values["signal"]) == (0, None)
    assert end.timestamp == end.values["ended"]
    summary = end.values["summary"]
    assert isinstance(summary, dict)
    assert summary["gpu_utilization_mean"] == 80.0
    assert summary["energy_joules"] == 500.0
    assert summary["gpu_memory_peak"] == 2 * GB
    assert summary["ram_peak"] > 5_000_000
    assert summary["whole_machine"] == []
    wait_until(lambda: published.messages()[-1].payload == b"", "the state is deleted")
    assert b"secret" not in b"".join(each.payload for each in published.messages())
    assert "ablation 7 ended after" in errors
    assert "80 % utilization" in errors
    with Listener(mosquitto.port, f"{published.scheme.prefix}/#") as late:
        late.publish(f"{published.scheme.prefix}/last", b"")
        late.wait_for(f"{published.scheme.prefix}/last")
        assert not [each for each in late.received if "/runs/" in each.topic]


def test_a_run_that_a_signal_ends_says_which(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    with training(tmp_path, mosquitto, published) as process:
        state = published.wait_for_state(how="command")
        process.terminate()
        assert process.wait(SECONDS) == -15
    end = published.wait_for_state(id=f"{state.id}.end")
    assert (end.values["exit_code"], end.values["signal"]) == (None, "SIGTERM")


def test_a_broker_that_starts_late_receives_the_run(
    tmp_path: Path, own_mosquitto: Mosquitto
) -> None:
    own_mosquitto.stop()
    with training(tmp_path, own_mosquitto, Published(Listener(0), "late")) as process:
        assert process.stderr is not None
        assert "Nothing is published about this run" in process.stderr.readline()
        own_mosquitto.start()
        with Listener(own_mosquitto.port, "late/#") as listener:
            published = Published(listener, "late")
            state = published.wait_for_state(how="command")
            process.communicate("", SECONDS)
            published.wait_for_state(id=f"{state.id}.end")
