"""A command behaves as if `system-monitor run` were not there."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy import command
from tests.deploy.monitor import COMMAND, SECONDS, environment
from tests.services.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="`run` needs Linux")

NOWHERE = ("--mqtt-url", "mqtt://127.0.0.1:1")
# The child alone: nothing is published, so the settings, which take a second, are not loaded.
ALONE = """
import os, sys
from deploy.runs.child import Child, end_like
child = Child(sys.argv[1:], os.environ)
child.start()
end = child.wait(lambda: (), lambda: None)
print("ended with", end, file=sys.stderr)
sys.exit(end_like(end))
"""
READY = "import time; print('ready', flush=True); time.sleep(60)"


def words(*program: str) -> list[str]:
    return [COMMAND, "run", *NOWHERE, "--", *program]


def alone(*program: str) -> list[str]:
    return [sys.executable, "-c", ALONE, *program]


def run(folder: Path, *program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(*program),
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def running(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code that prints `ready`; its output is a pipe."""
    with subprocess.Popen(
        alone(sys.executable, "-c", code),
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("code", [0, 1, 2, 127, 255])
def test_the_exit_code_comes_through(tmp_path: Path, code: int) -> None:
    end = subprocess.run(
        alone("sh", "-c", f"exit {code}"), env=environment(tmp_path), check=False, timeout=SECONDS
    )
    assert end.returncode == code


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV", "INT", "USR2", "RTMIN"])
def test_a_signal_that_ends_the_command_ends_us(tmp_path: Path, name: str) -> None:
    """So a shell reports it as it reports that of the command itself."""
    end = subprocess.run(
        alone("bash", "-c", f"kill -{name} $$"),
        env=environment(tmp_path),
        check=False,
        timeout=SECONDS,
    )
    assert end.returncode == -getattr(signal, f"SIG{name}")


@pytest.mark.parametrize(("name", "code"), [("no-such-program", 127), ("folder", 126)])
@pytest.mark.usefixtures("own_settings")
def test_a_command_that_cannot_be_started_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, code: int
) -> None:
    (tmp_path / "folder").mkdir()
    assert command.run(["run", "--", str(tmp_path / name)]) == code
    errors = capsys.readouterr().err
    assert re.fullmatch(r"system-monitor: Cannot run \S+: .+\.\n", errors)


def test_without_a_broker_the_command_runs_and_one_sentence_reports_what_is_missing(
    tmp_path: Path,
) -> None:
    end = run(tmp_path, "sh", "-c", "cat; echo out; echo err >&2; exit 7")
    assert (end.returncode, end.stdout) == (7, "out\n")
    lines = end.stderr.splitlines()
    assert "err" in lines
    assert any(re.search("sh ended after .* with exit code 7", line) for line in lines)
    (missing,) = [line for line in lines if "This run is not published" in line]
    assert "mqtt://127.0.0.1:1 cannot be reached" in missing
    assert not any("Traceback" in line for line in lines)


def test_a_broker_that_does_not_answer_in_time_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}"
        end = subprocess.run(
            [COMMAND, "run", "--", "true"],
            env=environment(tmp_path, SYSTEM_MONITOR_MQTT_URL=url),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert end.returncode == 0
    assert f"This run is not published: the MQTT broker at {url} has not answered" in end.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["python", "train.py", "--lr", "3"], "must come after `--`"),
        (["--nam", "x", "--", "echo", "x"], "Unknown argument --nam"),
        (["--name", " ", "--", "echo", "x"], "--name must have 1 to 100 printable characters"),
        (
            ["--tag", "x" * 51, "--", "echo", "x"],
            "--tag may be given at most 16 times, and each tag must have 1 to 50",
        ),
        (["--name", "x", "--"], "must come after `--`"),
        ([], "must come after `--`"),
        (["--", "", "x"], "The command after `--` begins with an empty argument: name a program"),
    ],
)
@pytest.mark.usefixtures("own_settings")
def test_a_wrong_command_line_starts_nothing(
    capfd: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert command.run(["run", *arguments]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert sentence in errors
    assert errors.count("\n") == 1


def test_wrong_settings_do_not_keep_the_command_from_running(tmp_path: Path) -> None:
    end = subprocess.run(
        [COMMAND, "run", "--", "echo", "out"],
        env=environment(tmp_path, SYSTEM_MONITOR_MQTT_URL="http://a"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (end.returncode, end.stdout) == (0, "out\n")
    assert "This run is not published: mqtt_url=" in end.stderr


def test_a_signal_that_is_sent_to_us_reaches_the_command_once(tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        "usr1 = {signal.SIGUSR1}\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, usr1)\n"
        "print('ready', flush=True)\n"
        # A handler would wait for the end of a read that begins just after the signal.
        "print(signal.sigwait(usr1).name, flush=True)\n"
        "sys.stdin.read()\n"
        "if signal.sigpending(): print('again')\n"
    )
    with subprocess.Popen(
        alone(sys.executable, "-c", code),
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "SIGUSR1\n"
        output, _ = process.communicate("")
    assert (output, process.returncode) == ("", 0)


def test_a_command_goes_on_if_we_are_killed(tmp_path: Path) -> None:
    with running(tmp_path, READY) as process:
        (child,) = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        assert child.status() != psutil.STATUS_ZOMBIE
        child.kill()


def test_ended_orphans_do_not_stay_as_zombies(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.1)\n"
        "    os._exit(0)\n"
        "os.wait()\n" + READY
    )
    with running(tmp_path, code) as process:
        us = psutil.Process(process.pid)
        wait_until(lambda: len(us.children(recursive=True)) == 1, "the orphan is reaped")
