"""Fixtures for the tests of the command."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.settings import CONFIG_FILE_VARIABLE

FOREIGN = (
    "api/__init__.py",
    "collector.py",
    "deploy/__init__.py",
    "ingester/__init__.py",
    "iotcore/__init__.py",
    "json.py",
    "paho.py",
    "telemetry/__init__.py",
)


@pytest.fixture
def foreign_repository(tmp_path: Path) -> Path:
    """Return a folder of modules with the names of the program's; importing any of them fails."""
    folder = tmp_path / "repository"
    for name in FOREIGN:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"raise RuntimeError('{name} was imported')\n")
    return folder


@pytest.fixture
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Hide this machine's settings from a test that calls the command in this process.

    Returns the folder that replaces the home folder. The signal handlers are restored.
    """
    for name in os.environ:
        if name.upper().startswith("SYSTEM_MONITOR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, "")  # restored, although the command sets it
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    yield tmp_path
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)
