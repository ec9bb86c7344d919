"""What the tests of the command share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.settings import CONFIG_FILE_VARIABLE


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
