"""A part that has lost one of its threads ends, so that systemd starts it again."""

import sys
from pathlib import Path

import psutil
import pytest

from deploy.embedded_broker import EmbeddedBroker
from tests.deploy.monitor import SECONDS, running
from tests.services.processes import free_port

# One function of the thread fails, as an unforeseen error would make it.
_PROGRAM = """
import sys
from unittest import mock
mock.patch(sys.argv.pop(1), side_effect=RuntimeError("unforeseen")).start()
from system_monitor.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("role", "function", "thread"),
    [
        ("up", "ingester.batcher.Batcher._next_batch", "batcher"),
        ("up", "api.serving.server._Server.main_loop", "api"),
        ("collector", "telemetry.bus.publisher.Publisher._take", "publisher"),
        ("advisor", "advisor.inbox.Inbox.take", "advisor"),
        ("ingester", "telemetry.bus.network_loop.NetworkLoop._serve", "bus"),
    ],
)
def test_a_thread_that_dies_is_reported_and_ends_the_process_with_exit_code_1(
    tmp_path: Path, broker: EmbeddedBroker, role: str, function: str, thread: str
) -> None:
    options = (
        ["--http-port", str(free_port()), "--mqtt-port", str(free_port())]
        if role == "up"
        else ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}"]
    )
    if role != "collector":
        options += ["--data-dir", str(tmp_path / "data")]
    command = (sys.executable, "-c", _PROGRAM, function)
    with running(tmp_path, role, *options, command=command, wait=False) as monitor:
        children = monitor.process.children(recursive=True)
        assert monitor.process.wait(SECONDS) == 1
        psutil.wait_procs(children, timeout=SECONDS)
        assert not any(child.is_running() for child in children)
    (line,) = (each for each in monitor.stderr.splitlines() if "The thread" in each)
    assert line.endswith(
        f"The thread '{thread}' ended because of an unexpected error (RuntimeError('unforeseen')): "
        "System Monitor is stopping. Start it again, and report this error."
    )
    assert "Traceback" not in monitor.stderr
