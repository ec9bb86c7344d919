"""`mark` and `run` in a user's program, on a real broker."""

import json
import site
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import paho
import pytest

import system_monitor
from telemetry.bus.topics import TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.events import Event
from tests.deploy.monitor import environment
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto
from tests.services.processes import free_port, wait_until

SECONDS = 10.0


class Bus:
    """A broker, as the environment of a program names it, and what arrives there."""

    def __init__(self, listener: Listener, prefix: str, folder: Path, port: int) -> None:
        self._listener = listener
        self._prefix = prefix
        self._folder = folder
        self.variables = {
            "SYSTEM_MONITOR_MQTT_URL": f"mqtt://127.0.0.1:{port}",
            "SYSTEM_MONITOR_TOPIC_PREFIX": f"{prefix}/{{host}}",
            "SYSTEM_MONITOR_HOST_NAME": "alpha",
        }

    def run(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run(code, self._folder, {**self.variables, **variables})

    def events(self) -> list[Event]:
        scheme = TopicScheme(f"{self._prefix}/{{host}}")
        decoded = [
            decode(resolve(scheme, each.topic), each.payload, arrived=0)
            for each in self._listener.received
            if each.payload
        ]
        return [each for each in decoded if isinstance(each, Event)]

    def wait_for(self, count: int) -> list[Event]:
        wait_until(lambda: len(self.events()) >= count, f"{count} events", SECONDS)
        return self.events()

    def wait_for_deletion(self) -> None:
        def deleted() -> bool:
            return any(not each.payload for each in self._listener.received)

        wait_until(deleted, "the state is deleted")


def run(
    code: str, folder: Path, variables: Mapping[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    script = folder / "train.py"
    script.write_text(f"from system_monitor import mark, run\n{code}\n")
    return subprocess.run(
        [sys.executable, *options, str(script)],
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def bus(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Bus]:
    prefix = f"helper-{uuid.uuid4().hex[:8]}"
    with Listener(mosquitto.port, f"{prefix}/#") as listener:
        yield Bus(listener, prefix, tmp_path, mosquitto.port)


def test_a_run_and_its_marks_are_published(bus: Bus) -> None:
    code = (
        "with run('ablation 7', tags=['nightly']):\n    mark('epoch 3', tags=['train'])\nmark('x')"
    )
    end = bus.run(code)
    assert (end.stdout, end.stderr, end.returncode) == ("", "", 0)
    *_, state, mark, final, last = bus.wait_for(4)
    bus.wait_for_deletion()
    assert (state.values["name"], state.values["tags"]) == ("ablation 7", ["nightly"])
    assert (state.values["how"], state.values["ended"]) == ("helper", None)
    assert state.values["command"] == f"{Path(sys.executable).name} train.py"
    assert state.id.startswith("ablation-7-")
    assert state.channel == f"system/runs/{state.id}"
    assert (mark.channel, mark.host) == ("system/annotations", "alpha")
    assert (mark.values["text"], mark.values["tags"]) == ("epoch 3", ["train"])
    assert mark.values["run"] == state.id
    assert (final.id, final.values["exit_code"]) == (f"{state.id}.end", 0)
    summary: Any = final.values["summary"]
    assert 0 <= summary["cpu_seconds"] < 60
    assert last.values["run"] is None


def test_an_exception_is_the_exit_code_and_goes_on(bus: Bus) -> None:
    end = bus.run("with run('x'):\n    raise ValueError('mine')")
    assert end.returncode == 1
    assert "ValueError: mine" in end.stderr
    assert bus.wait_for(2)[-1].values["exit_code"] == 1


def test_inside_another_run_only_marks_are_published(bus: Bus) -> None:
    end = bus.run(
        "with run('inner'):\n    with run('innermost'):\n        mark('here')",
        SYSTEM_MONITOR_RUN_ID="outer-1",
    )
    assert end.stderr == ""
    events = bus.wait_for(5)
    assert [each.values["text"] for each in events] == [
        "inner begins",
        "innermost begins",
        "here",
        "innermost ends",
        "inner ends",
    ]
    assert {each.values["run"] for each in events} == {"outer-1"}


def test_children_mark_in_the_run_of_their_parent(bus: Bus) -> None:
    code = (
        "import multiprocessing, os\n"
        "if __name__ == '__main__':\n"
        "    with run('x'):\n"
        "        mark('parent')\n"
        "        context = multiprocessing.get_context('fork')\n"
        "        child = context.Process(target=mark, args=('child',))\n"
        "        child.start()\n"
        "        child.join()\n"
    )
    assert bus.run(code).stderr == ""
    events = bus.wait_for(4)
    marks = {each.values["text"]: each for each in events if each.channel == "system/annotations"}
    states = {each.id for each in events if each.channel != "system/annotations"}
    (run_id,) = (each for each in states if not each.endswith(".end"))
    assert {each.values["run"] for each in marks.values()} == {run_id}
    assert marks.keys() == {"parent", "child"}


def test_only_rank_0_publishes_a_run(bus: Bus) -> None:
    assert bus.run("with run('x'):\n    mark('here')", RANK="1").stderr == ""
    assert [each.values["run"] for each in bus.wait_for(1)] == [None]


def test_without_a_broker_one_sentence_is_logged_and_nothing_waits(tmp_path: Path) -> None:
    code = (
        "import time\n"
        "began = time.monotonic()\n"
        "with run('x'):\n"
        "    for number in range(3000):\n"
        "        mark(f'epoch {number}')\n"
        "print(time.monotonic() - began)\n"
    )
    port = free_port()
    began = time.monotonic()
    end = run(code, tmp_path, {"SYSTEM_MONITOR_MQTT_URL": f"mqtt://me:secret@127.0.0.1:{port}"})
    assert time.monotonic() - began < 10
    assert float(end.stdout) < 2
    assert end.returncode == 0
    assert end.stderr.count("\n") == 1
    assert end.stderr.startswith("system_monitor: ")
    assert "secret" not in end.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"SYSTEM_MONITOR_MQTT_URL": "http://a"},
        {"SYSTEM_MONITOR_MQTT_URL": "mqtt://a:port"},
        {"SYSTEM_MONITOR_MQTT_URL_FILE": "/no/such/file"},
        {"SYSTEM_MONITOR_MQTT_URL": "mqtts://a", "SYSTEM_MONITOR_MQTT_CA_FILE": "/no/such"},
        {"SYSTEM_MONITOR_TOPIC_PREFIX": "a/#"},
    ],
)
def test_wrong_settings_are_one_sentence(tmp_path: Path, variables: dict[str, str]) -> None:
    code = "with run('x'):\n    mark('here')\nimport time\ntime.sleep(0.3)\nprint('went on')"
    end = run(code, tmp_path, variables)
    assert (end.stdout, end.returncode) == ("went on\n", 0)
    assert end.stderr.count("\n") == 1
    assert "marks and runs are not published" in end.stderr


def test_nothing_that_is_passed_raises(bus: Bus) -> None:
    code = (
        "mark(None)\nmark('')\nmark('x', tags=7)\nmark('\\ud800 text', tags='one')\n"
        "mark('y' * 5000, tags=['t' * 999] * 99)\n"
        "with run(None, tags=object()):\n    pass\n"
        "with run('\\x1b[2J' * 99):\n    pass\n"
        "print('went on')"
    )
    end = bus.run(code)
    assert (end.stdout, end.stderr, end.returncode) == ("went on\n", "", 0)
    texts = [each.values.get("text") for each in bus.wait_for(4)]
    assert "None" in texts
    assert "? text" in texts


def test_it_needs_only_paho_and_the_standard_library(bus: Bus, tmp_path: Path) -> None:
    """The package may also be copied, or installed without its dependencies."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for package in (system_monitor, paho):
        assert package.__file__ is not None
        folder = Path(package.__file__).parent
        (bare / folder.name).symlink_to(folder)
    code = (
        "import sys\n"
        f"sys.path[:] = [each for each in sys.path if each not in {site.getsitepackages()}]\n"
        f"sys.path.insert(0, {str(bare)!r})\n"
        "from system_monitor import mark, run\n"
        "with run('bare'):\n    mark('here')\n"
        "ours = {'telemetry', 'deploy', 'collector', 'pydantic'} & sys.modules.keys()\n"
        "assert not ours, ours\n"
    )
    script = tmp_path / "bare.py"
    script.write_text(code)
    end = subprocess.run(
        [sys.executable, "-S", str(script)],
        env=environment(tmp_path, **bus.variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (end.stderr, end.returncode) == ("", 0)
    assert [each.values["name"] for each in bus.wait_for(3) if each.is_end] == ["bare"]


def test_importing_it_starts_nothing(tmp_path: Path) -> None:
    code = (
        "import json, sys, threading\n"
        "print(json.dumps([threading.active_count(), 'paho' in sys.modules,"
        " 'system_monitor.helper' in sys.modules]))"
    )
    end = run(code, tmp_path, {})
    assert json.loads(end.stdout) == [1, False, False]


def test_settings_are_read_from_files_too(bus: Bus, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(bus.variables["SYSTEM_MONITOR_MQTT_URL"] + "\n")
    more = {"SYSTEM_MONITOR_MQTT_URL": "", "SYSTEM_MONITOR_MQTT_URL_FILE": str(file)}
    assert bus.run("mark('here')", **more).stderr == ""
    assert bus.wait_for(1)[0].values["text"] == "here"
