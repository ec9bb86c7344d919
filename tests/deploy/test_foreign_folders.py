"""The program works in a repository whose folders have the names of its packages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from telemetry import __version__
from tests.deploy.monitor import COMMAND, finished, free_ports, running

programs = pytest.mark.parametrize(
    "program",
    [(COMMAND,), (sys.executable, "-m", "system_monitor")],
    ids=["command", "module"],
)


@pytest.fixture
def inside_a_foreign_repository(foreign_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(foreign_repository)
    monkeypatch.setenv("PYTHONPATH", ".")


@programs
@pytest.mark.parametrize("safe_path", ["", "1"])
@pytest.mark.usefixtures("inside_a_foreign_repository")
def test_the_version_is_printed(tmp_path: Path, program: tuple[str, ...], safe_path: str) -> None:
    end = finished(tmp_path, "--version", command=program, PYTHONSAFEPATH=safe_path)
    assert (end.stderr, end.stdout) == ("", f"system-monitor {__version__}\n")


@programs
@pytest.mark.usefixtures("inside_a_foreign_repository")
def test_check_reaches_everything(tmp_path: Path, program: tuple[str, ...]) -> None:
    end = finished(tmp_path, "check", *free_ports(), command=program)
    assert (end.stderr, end.returncode) == ("", 0)


@programs
@pytest.mark.usefixtures("inside_a_foreign_repository")
def test_up_runs_with_its_broker(tmp_path: Path, program: tuple[str, ...]) -> None:
    with running(tmp_path, "up", *free_ports(), command=program) as monitor:
        assert monitor.answer("/healthz")[0] == 200
        monitor.wait_for_history(1)


def test_importing_the_package_changes_nothing() -> None:
    watched = (
        "[sys.path, [name for name in sys.modules if name != 'system_monitor'], dict(os.environ)]"
    )
    program = (
        f"import json, os, sys; before = {watched}; import system_monitor; "
        f"print(json.dumps([before, {watched}]))"
    )
    end = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=dict(os.environ)
    )
    before, after = json.loads(end.stdout)
    assert after == before
