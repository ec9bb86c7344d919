"""What the tests of the command share."""

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
    """Return a folder with modules that are called like the program's; none can be imported."""
    folder = tmp_path / "repository"
    for name in FOREIGN:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"raise RuntimeError('{name} was imported')\n")
    return folder


@pytest.fixture
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Run a test that calls the command in this process without the settings of this machine.

    Returns the folder that takes the place of the home folder. The signals are restored.
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
