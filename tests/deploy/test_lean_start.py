"""A collector starts again without the libraries that checked its settings."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import lean_start
from deploy.embedded_broker import EmbeddedBroker
from deploy.lean_start import Start
from telemetry.settings.loading import load_settings
from tests.deploy.monitor import running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files in memory")

_PROGRAM = """
import os, signal
from deploy.lean_start import Start, received, replace_process
from deploy.lifecycle import end_on_signal
from telemetry.settings.loading import load_settings

end_on_signal(42)
if "SYSTEM_MONITOR_CHECKED_SETTINGS" in os.environ:
    {in_the_new_program}
    start = received()
    print(os.getpid(), start.role, start.settings.http_token.reveal(), start.own, flush=True)
    print(sorted(name for name in os.environ if name.startswith("SYSTEM_MONITOR")))
else:
    print(os.getpid(), flush=True)
    settings = load_settings({{"http_token": "never-shown-anywhere"}})
    replace_process(Start("collector", settings, {{"file": "x"}}))
"""


def outcome(folder: Path, in_the_new_program: str) -> tuple[int, list[str]]:
    program = folder / "program.py"
    program.write_text(_PROGRAM.format(in_the_new_program=in_the_new_program))
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False, env=variables
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.splitlines()


def test_a_collector_keeps_no_library_that_only_checks_settings(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    with running(tmp_path, "collector", "--mqtt-port", str(broker.port)) as collector:
        libraries = Path(f"/proc/{collector.process.pid}/maps").read_text()
        assert "pydantic" not in libraries
        assert collector.end(signal.SIGTERM)[0] == 0


def test_the_same_process_gets_the_settings_and_their_secrets(tmp_path: Path) -> None:
    code, lines = outcome(tmp_path, "pass")
    pid = lines[0]
    assert (code, lines[1:]) == (0, [f"{pid} collector never-shown-anywhere {{'file': 'x'}}", "[]"])


def test_a_signal_during_the_second_start_waits_until_it_can_be_handled(tmp_path: Path) -> None:
    kill = "os.kill(os.getpid(), signal.SIGTERM); print('waits', flush=True)"
    code, lines = outcome(tmp_path, kill)
    assert (code, lines[1:]) == (42, ["waits"])


def test_a_process_that_cannot_be_replaced_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        tried.append("SYSTEM_MONITOR_CHECKED_SETTINGS" in os.environ)
        raise OSError

    tried: list[bool] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(os, "execv", fail)
    monkeypatch.setattr(sys, "argv", ["system-monitor"])  # pytest's workers are `python -c`
    lean_start.replace_process(Start("collector", load_settings(), {}))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert lean_start.received() is None
    assert tried == [True]


def test_without_proc_or_with_a_closed_stream_the_process_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        pytest.fail("replaced")

    monkeypatch.setattr(os, "execv", fail)
    monkeypatch.setattr(sys, "argv", ["system-monitor"])
    start = Start("collector", load_settings(), {})
    monkeypatch.setattr(lean_start, "_LAST_STREAM", 1_000_000)
    lean_start.replace_process(start)
    monkeypatch.setattr(lean_start, "_LAST_STREAM", 2)
    monkeypatch.setattr(Path, "readlink", lambda _: Path("/elsewhere"))
    lean_start.replace_process(start)


@pytest.mark.parametrize("value", ["", "0", "99", "x", "../1"])
def test_a_variable_that_somebody_has_set_is_ignored(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_CHECKED_SETTINGS", value)
    assert lean_start.received() is None
