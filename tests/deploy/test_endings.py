"""How ``up`` ends, what survives it, and what it can run without."""

import json
import signal
import subprocess
from pathlib import Path

import psutil

from tests.deploy.monitor import COMMAND, SECONDS, Monitor, environment, free_ports, running
from tests.services.embedded import Listener
from tests.services.processes import wait_until


def states(listener: Listener) -> list[str]:
    """Return the states received on ``system/status``."""
    return [json.loads(payload)["state"] for payload in listener.on("system/status")]


def assert_ends_cleanly(monitor: Monitor, *signals: signal.Signals) -> None:
    """Check that ``signals`` end it and its broker, without errors and within two seconds."""
    children = monitor.process.children(recursive=True)
    code, seconds = monitor.end(*signals)
    assert (code, monitor.stderr) == (0, "")
    assert seconds < 2
    psutil.wait_procs(children, timeout=SECONDS)
    assert not any(child.is_running() for child in children)


def test_signals_end_it_cleanly_and_the_history_survives(tmp_path: Path) -> None:
    options = [*free_ports(), "--data-dir", str(tmp_path / "data"), "--interval-seconds", "0.2"]
    with running(tmp_path, "up", *options) as first, Listener(first.mqtt_port) as listener:
        first.wait_for_history(5)
        kept = first.timestamps()
        assert_ends_cleanly(first, signal.SIGINT, signal.SIGINT)
        wait_until(lambda: states(listener)[-1:] == ["offline"], "it is offline", SECONDS)
    with running(tmp_path, "up", *options) as second:
        second.wait_for_history(len(kept) + 2)
        assert second.timestamps()[: len(kept)] == kept
        assert_ends_cleanly(second, signal.SIGTERM)


def test_without_a_usable_data_folder_the_live_view_works(tmp_path: Path) -> None:
    disk = tmp_path / "not mounted yet"
    (tmp_path / "data").symlink_to(disk)
    options = [*free_ports(), "--data-dir", str(tmp_path / "data"), "--interval-seconds", "0.2"]
    with running(tmp_path, "up", *options) as monitor:
        with Listener(monitor.mqtt_port) as listener:
            listener.wait_for("system/cpu", 3)
        assert not monitor.get("/metrics")["cpu"]["stale"]
        wait_until(lambda: monitor.answer("/readyz")[0] == 503, "it is not ready", SECONDS)
        assert str(tmp_path / "data") in str(monitor.answer("/readyz")[1])
        assert monitor.answer("/healthz")[0] == 200
        disk.mkdir()
        monitor.wait_for_history(3)
        wait_until(lambda: monitor.answer("/readyz")[0] == 200, "it is ready", SECONDS)
        assert "Traceback" not in monitor.stderr


def test_a_second_one_in_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    with running(tmp_path, "up", *free_ports(), *data) as first:
        second = Monitor(tmp_path / "second", "up", *free_ports(), *data)
        assert second.process.wait(SECONDS) == 2
        assert f"in use by another System Monitor (process {first.process.pid})" in second.stderr
        assert second.stderr.count("\n") == 1
        assert first.answer("/healthz")[0] == 200


def test_it_runs_on_after_the_reader_of_its_output_has_gone(tmp_path: Path) -> None:
    ports = free_ports()
    with subprocess.Popen(
        [COMMAND, "up", *ports],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("System Monitor")
        process.stdout.close()
        with Listener(int(ports[-1])) as listener:
            listener.wait_for("system/cpu")
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == 0
