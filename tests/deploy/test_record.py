"""`system-monitor record` with real brokers."""

import json
import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import command
from deploy.broker_access import subscribed
from deploy.embedded_broker import EmbeddedBroker
from deploy.recorder import Recorder
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from tests.deploy.monitor import COMMAND, environment, running
from tests.services.availability import unavailable
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto
from tests.services.processes import free_port, wait_until


def sample(number: int) -> str:
    body = {"host": "h", "timestamp": number, "utilization": 1.5, "per_core": [], "name": "é"}
    return json.dumps(body, ensure_ascii=False)


class Printed:
    """What mosquitto_sub prints meanwhile."""

    def __init__(self, port: int, file: Path) -> None:
        program = shutil.which("mosquitto_sub") or unavailable("mosquitto_sub")
        options = ["-p", str(port), "-v", "-q", "1", "-t", "#"]
        self.file = file
        with file.open("wb") as out:
            self.process = subprocess.Popen([program, *options], stdout=out)

    def lines(self) -> list[bytes]:
        return self.file.read_bytes().splitlines(keepends=True)


def test_it_writes_the_lines_that_mosquitto_sub_prints(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    file = tmp_path / "night.txt"
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}", "--output", str(file)]
    with Listener(broker.port) as client:
        client.publish("system/cpu", sample(0), retain=True)
        printed = Printed(broker.port, tmp_path / "printed.txt")
        with running(tmp_path / "run", "record", *options, wait=False) as record:
            wait_until(lambda: file.exists() and file.stat().st_size > 0, "the retained message")
            wait_until(lambda: bool(printed.lines()), "the same of mosquitto_sub")
            client.publish("system/gpu/0", sample(1))
            client.publish("system/gpu/0", b"", retain=True)
            client.publish("system/annotations", '{"text": "epoch 3"}')
            client.publish("system/status", "not valid")
            wait_until(lambda: len(printed.lines()) == 5, "mosquitto_sub has printed all")
            wait_until(lambda: file.read_bytes().count(b"\n") == 5, "all are recorded")
            code, _ = record.end(signal.SIGINT)
        printed.process.terminate()
        printed.process.wait()
    assert file.read_bytes().splitlines(keepends=True) == printed.lines()
    assert (code, record.stdout) == (0, "")
    assert record.stderr.startswith("Recorded 5 messages (0.3 kB) in ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_reader_that_closes_the_pipe_ends_the_recording(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    with Listener(broker.port) as client:
        client.publish("system/cpu", sample(0), retain=True)
        recording = subprocess.Popen(
            [COMMAND, "record", "--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
        )
        assert recording.stdout is not None
        assert recording.stdout.readline() == f"system/cpu {sample(0)}\n".encode()
        recording.stdout.close()
        client.publish("system/cpu", sample(1))
        assert recording.wait(20) == 0
        assert recording.stderr is not None
        with recording.stderr:
            assert recording.stderr.read().startswith(b"Recorded 1 message ")


@contextmanager
def recording(port: int, *arguments: str) -> Iterator[list[int]]:
    """Run the command in this process; the exit code is there after the block, which ends it."""
    events: list[threading.Event] = []
    codes: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deploy.roles.record.set_on_signal", events.append)
        options = ["record", "--mqtt-url", f"mqtt://127.0.0.1:{port}", *arguments]
        thread = threading.Thread(target=lambda: codes.append(command.run(options)))
        thread.start()
        wait_until(lambda: bool(events) or not thread.is_alive(), "the start")
        try:
            yield codes
        finally:
            for each in events:
                each.set()
            thread.join()


@pytest.mark.usefixtures("own_settings")
def test_control_characters_in_a_payload_do_not_reach_a_terminal(broker: EmbeddedBroker) -> None:
    ours, theirs = pty.openpty()
    with Listener(broker.port) as client:
        client.publish("system/cpu", "\x1b]0;title\x07é", retain=True)
        with recording(broker.port, "--output", os.ttyname(theirs)):
            assert select.select([ours], [], [], 20)[0], "nothing is shown"
            shown = os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)
    assert shown == "system/cpu \\u001b]0;title\\u0007é\r\n".encode()


@pytest.mark.usefixtures("own_settings")
def test_a_second_recording_is_appended_after_a_line_that_was_left_incomplete(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    file = tmp_path / "night.txt"
    file.write_text('system/cpu {"host"')
    with Listener(broker.port) as client:
        client.publish("system/cpu", "{}", retain=True)
        with recording(broker.port, "--output", str(file)) as codes:
            wait_until(lambda: b"{}\n" in file.read_bytes(), "the message")
    assert codes == [0]
    assert file.read_text() == 'system/cpu {"host"\nsystem/cpu {}\n'


@pytest.mark.usefixtures("own_settings")
def test_a_full_disk_ends_the_recording_with_one_sentence(
    broker: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    with Listener(broker.port) as client:
        client.publish("system/cpu", "{}", retain=True)
        with recording(broker.port, "--output", "/dev/full") as codes:
            wait_until(lambda: bool(codes), "the end")
    assert codes == [1]
    sentence = "system-monitor: Cannot write /dev/full: No space left on device.\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.usefixtures("own_settings")
def test_a_file_that_cannot_be_created_and_a_broker_that_cannot_be_reached_are_one_sentence(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    address = f"mqtt://127.0.0.1:{free_port()}"
    assert command.run(["record", "--mqtt-url", address]) == 1
    sentence = f"The broker at {address} cannot be reached (connection refused)."
    assert capfd.readouterr() == ("", f"system-monitor: {sentence}\n")
    assert command.run(["record", "--output", f"{tmp_path}/nowhere/x"]) == 1
    sentence = f"Cannot write {tmp_path}/nowhere/x: No such file or directory."
    assert capfd.readouterr() == ("", f"system-monitor: {sentence}\n")


def test_it_goes_on_after_the_broker_has_restarted(own_mosquitto: Mosquitto) -> None:
    lines: list[bytes] = []
    address = BrokerAddress("127.0.0.1", own_mosquitto.port)
    recorder = Recorder(address, TopicScheme("site"), lines.append, threading.Event())
    with subscribed(recorder.bus):
        with Listener(own_mosquitto.port) as client:
            client.publish("site/system/cpu", "{}")
            client.publish("other/system/cpu", "{}")
            client.publish("site/system/gpu/x", "{}")
        wait_until(lambda: len(lines) == 1, "the first")
        own_mosquitto.kill()
        wait_until(lambda: not recorder.bus.connected, "the end of the connection")
        own_mosquitto.start()
        wait_until(lambda: recorder.bus.connections == 2, "the next connection")
        assert recorder.bus.wait_subscribed(10)
        with Listener(own_mosquitto.port) as client:
            client.publish("site/system/memory", "{}")
        wait_until(lambda: len(lines) == 2, "the second")
    assert lines == [b"site/system/cpu {}\n", b"site/system/memory {}\n"]
    assert (recorder.messages, recorder.bus.reconnects) == (2, 1)
