"""What `system-monitor run` publishes, on a real broker."""

import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from telemetry.clock import unix_milliseconds
from tests.deploy.monitor import SECONDS
from tests.deploy.runs.published import GB, Published, training
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="`run` needs Linux")


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
    assert "80% utilization" in errors
    with Listener(mosquitto.port, f"{published.scheme.prefix}/#") as late:
        late.publish(f"{published.scheme.prefix}/last", b"")
        late.wait_for(f"{published.scheme.prefix}/last")
        assert not [each for each in late.received if "/runs/" in each.topic]


def test_a_run_that_a_signal_ends_reports_which(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    with training(tmp_path, mosquitto, published) as process:
        state = published.wait_for_state(how="command")
        process.terminate()
        assert process.wait(SECONDS) == -15
    end = published.wait_for_state(id=f"{state.id}.end")
    assert (end.values["exit_code"], end.values["signal"]) == (None, "SIGTERM")


def test_an_end_that_cannot_be_published_is_reported(
    tmp_path: Path, own_mosquitto: Mosquitto
) -> None:
    with Listener(own_mosquitto.port, "gone/#") as listener:
        published = Published(listener, "gone")
        with training(tmp_path, own_mosquitto, published) as process:
            published.wait_for_state(how="command")
            own_mosquitto.stop()
            _, errors = process.communicate("", SECONDS)
    assert process.returncode == 0
    assert "The end of this run is not published, because the MQTT broker at mqtt://" in errors


@pytest.mark.soak
def test_a_broker_that_starts_late_receives_the_run(
    tmp_path: Path, own_mosquitto: Mosquitto
) -> None:
    own_mosquitto.stop()
    with training(tmp_path, own_mosquitto, Published(Listener(0), "late")) as process:
        assert process.stderr is not None
        assert "This run is not published" in process.stderr.readline()
        own_mosquitto.start()
        with Listener(own_mosquitto.port, "late/#") as listener:
            published = Published(listener, "late")
            state = published.wait_for_state(how="command")
            process.communicate("", SECONDS)
            published.wait_for_state(id=f"{state.id}.end")


def test_ctrl_c_ends_the_wait_for_a_report_and_the_exit_code_stays(
    tmp_path: Path, mosquitto: Mosquitto, published: Published
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = ("--report", str(tmp_path), "--http-port", str(silent.getsockname()[1]))
        with training(tmp_path, mosquitto, published, *options) as process:
            published.wait_for_state(ended=None)
            assert process.stdin is not None
            process.stdin.close()
            silent.settimeout(SECONDS)
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                assert process.wait(SECONDS) == 0
            assert process.stderr is not None
            assert "not saved, because Ctrl-C was pressed" in process.stderr.read()
