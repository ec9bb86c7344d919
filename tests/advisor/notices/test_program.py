"""A program that gets a notice on standard input."""

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from advisor.notices.model import Rules
from advisor.notices.program import NoticeError, Program
from advisor.notices.senders import CommandSender
from telemetry.events import Event
from tests.services.processes import wait_until
from tests.states import finding, run


def failure(program: Program) -> str:
    with pytest.raises(NoticeError) as caught:
        program.run({})
    return str(caught.value)


def sent(event: Event, command: list[str]) -> None:
    notice = Rules().notice_of(event)
    assert notice is not None
    CommandSender(command).send([notice])


@pytest.mark.parametrize("event", [finding(), run("ablation-7.1.end", ended=1)])
def test_the_command_gets_the_finding_or_the_run_as_json(event: Event, tmp_path: Path) -> None:
    sent(event, ["/bin/sh", "-c", f"cat > {tmp_path}/got"])
    got = json.loads((tmp_path / "got").read_text())
    assert got == {"channel": event.channel, **json.loads(event.payload())}


def test_text_from_the_bus_is_neither_an_argument_nor_part_of_a_shell_command(
    tmp_path: Path,
) -> None:
    hostile = f"$(touch {tmp_path}/pwned); `touch {tmp_path}/pwned`; touch {tmp_path}/pwned"
    script = "import json, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv))"
    sent(finding(summary=hostile), [sys.executable, "-c", script, f"{tmp_path}/arguments"])
    assert json.loads((tmp_path / "arguments").read_text()) == ["-c", f"{tmp_path}/arguments"]
    assert not (tmp_path / "pwned").exists()


def test_a_program_does_not_inherit_the_settings_with_their_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_NOTIFY_URLS", "json://secret")
    monkeypatch.setenv("OTHER", "kept")
    Program(["/bin/sh", "-c", f"env > {tmp_path}/env"], 10).run({})
    variables = (tmp_path / "env").read_text()
    assert "OTHER=kept" in variables
    assert "SYSTEM_MONITOR" not in variables


def test_a_program_that_hangs_is_killed_with_the_processes_that_it_started(
    tmp_path: Path,
) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    assert failure(Program(["/bin/sh", "-c", script], 0.5)) == (
        "the program did not end within 0.5 s and was killed"
    )
    child = int((tmp_path / "pid").read_text())
    wait_until(lambda: not _runs(child), "the child ends", 5)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_is_missing_or_fails_is_reported(tmp_path: Path) -> None:
    missing = failure(Program([str(tmp_path / "missing")], 10))
    assert missing == "the program cannot be started (No such file or directory)"
    assert failure(Program(["/bin/sh", "-c", "exit 3"], 10)) == "the program ended with exit code 3"
    killed = Program(["/bin/sh", "-c", "kill -9 $$"], 10)
    assert failure(killed) == "SIGKILL ended the program"


def test_a_program_need_not_read_its_input() -> None:
    Program(["/bin/true"], 10).run({"text": "x" * 200_000})


def test_stopping_ends_a_program_that_runs_and_starts_no_other() -> None:
    program = Program(["/bin/sleep", "60"], 60)
    failures: list[str] = []
    thread = threading.Thread(target=lambda: failures.append(failure(program)))
    began = time.monotonic()
    thread.start()
    wait_until(lambda: program._process is not None, "it runs")  # noqa: SLF001 - nothing shows it
    program.stop()
    thread.join()
    assert time.monotonic() - began < 10
    assert failures == ["SIGKILL ended the program"]
    assert failure(program) == "System Monitor is stopping"
