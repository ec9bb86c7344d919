"""`system-monitor top` as a command."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy import command
from telemetry.bus.connection import BusConnection
from tests.deploy.monitor import COMMAND, SECONDS, environment
from tests.services.processes import wait_until


@pytest.mark.usefixtures("own_settings")
def test_without_textual_one_sentence_explains_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in sys.modules if each.startswith(("deploy.top.app", "textual"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    assert command.run(["top"]) == 1
    errors = capsys.readouterr().err
    assert "install it with `pip install 'system-monitor[top]'`" in errors
    assert errors.count("\n") == 1


@pytest.mark.usefixtures("own_settings")
def test_without_a_terminal_it_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["top"]) == 1
    assert capsys.readouterr().err.startswith("system-monitor: `top` needs a terminal; ")


@pytest.mark.parametrize("end", ["q", signal.SIGTERM])
def test_a_key_or_a_signal_ends_it_and_restores_the_terminal(
    shared_bus: BusConnection, tmp_path: Path, end: str | signal.Signals
) -> None:
    ours, theirs = pty.openpty()
    arguments = [COMMAND, "top", "--mqtt-url", f"mqtt://127.0.0.1:{shared_bus.address.port}"]
    with subprocess.Popen(
        arguments,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(tmp_path, TERM="xterm-256color"),
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""

        def has_shown(text: bytes) -> bool:
            nonlocal shown
            try:
                shown += os.read(ours, 65_536)
            except OSError:  # the program has ended
                return text in shown
            return text in shown

        wait_until(lambda: has_shown(b"Waiting for the first samples"), "the page", SECONDS)
        if isinstance(end, signal.Signals):
            process.send_signal(end)
        else:
            os.write(ours, end.encode())
        deadline = time.monotonic() + SECONDS
        wait_until(lambda: has_shown(b"\x1b[?1049l"), "the terminal is restored", SECONDS)
        assert process.wait(deadline - time.monotonic()) == 0
    os.close(ours)
