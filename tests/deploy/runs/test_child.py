"""A command behaves as if `system-monitor run` were not there."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
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


def test_without_a_broker_the_command_runs_and_one_sentence_says_what_is_missing(
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
        (["--tag", "x" * 51, "--", "echo", "x"], "At most 16 --tag are allowed, each with 1 to 50"),
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
        "signal.signal(signal.SIGUSR1, lambda *_: print('usr1', flush=True))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
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
        assert process.stdout.readline() == "usr1\n"
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


class Terminal:
    """An interactive bash with job control, in a terminal."""

    def __init__(self, folder: Path) -> None:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            shell = ["bash", "--norc", "-i"]
            os.execvpe(shell[0], shell, environment(folder, PS1="$ ", TERM="dumb"))  # noqa: S606
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self._file, keys.encode())

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for ``pattern`` in what is shown from now on."""
        deadline = time.monotonic() + SECONDS
        while not (match := re.search(pattern, self.shown)):
            assert time.monotonic() < deadline, (pattern, self.shown)
            if select.select([self._file], [], [], 0.1)[0]:
                self.shown += os.read(self._file, 65_536).decode(errors="replace")
        self.shown = self.shown[match.end() :]
        return match

    def resize(self, columns: int) -> None:
        termios.tcsetwinsize(self._file, (24, columns))

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._file)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def started(terminal: Terminal, folder: Path, code: str, *, whole: bool = False) -> None:
    script, harness = folder / "script.py", folder / "alone.py"
    script.write_text(code)
    harness.write_text(ALONE)
    program = [sys.executable, str(script)]
    line = words(*program) if whole else [sys.executable, str(harness), *program]
    terminal.type(f"{' '.join(line)}\r")
    terminal.wait_for(r"\nready")


def test_the_keys_and_the_size_of_a_terminal_reach_the_command_once(
    tmp_path: Path, terminal: Terminal
) -> None:
    code = (
        "import os, select, signal, sys\n"
        "signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))\n"
        "signal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size(), flush=True))\n"
        "assert os.tcgetpgrp(0) == os.getpgrp() and os.isatty(1)\n"
        "print('ready', flush=True)\n"
        "while not select.select([0], [], [], 0.05)[0]: pass\n"  # sees signals between two reads
        "print('line', input(), flush=True)\n"
        "sys.exit(3)\n"
    )
    started(terminal, tmp_path, code, whole=True)
    terminal.type("\x03")
    terminal.wait_for("interrupted")
    terminal.resize(99)
    terminal.wait_for(r"columns=99")
    terminal.type("typed\r")
    match = terminal.wait_for(r"(?s)(.*)line typed.*exit code 3")
    assert "interrupted" not in match[1]
    terminal.type("echo code=$?\r")
    terminal.wait_for("code=3")


def test_ctrl_c_ends_the_command_and_the_shell_sees_it(tmp_path: Path, terminal: Terminal) -> None:
    started(terminal, tmp_path, "import signal\nsignal.signal(2, signal.SIG_DFL)\n" + READY)
    terminal.type("\x03")
    terminal.wait_for("status=-2")
    terminal.type("echo code=$?\r")
    terminal.wait_for("code=130")


def test_ctrl_z_stops_the_job_and_fg_continues_it(tmp_path: Path, terminal: Terminal) -> None:
    code = (
        "print('ready', flush=True)\n"
        "while (line := input()) != 'end':\n"
        "    print('got', line, flush=True)\n"
    )
    started(terminal, tmp_path, code)
    for number in range(2):
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        terminal.type(f"echo shell {number}-{number}\r")
        terminal.wait_for(f"\nshell {number}-{number}")
        terminal.type("fg\r")
        terminal.wait_for("alone.py")
        terminal.type(f"line {number}\r")
        terminal.wait_for(f"got line {number}")
    terminal.type("end\r")
    terminal.wait_for("status=0")


def test_a_command_that_stops_itself_gives_the_terminal_back(
    tmp_path: Path, terminal: Terminal
) -> None:
    code = "import os, signal\nprint('ready', flush=True)\nos.kill(os.getpid(), signal.SIGSTOP)\n"
    started(terminal, tmp_path, code)
    terminal.wait_for("Stopped")
    terminal.type("fg\r")
    terminal.wait_for("status=0")
