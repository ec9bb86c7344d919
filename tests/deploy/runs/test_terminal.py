"""In a terminal, a command behaves as if `system-monitor run` were not there."""

import os
import pty
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.monitor import SECONDS, environment
from tests.deploy.runs.test_child import ALONE, READY, words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="`run` needs Linux")


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
