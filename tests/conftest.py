"""What every test may use."""

import signal
from weakref import WeakValueDictionary

import pytest

pytest_plugins = [
    "tests.fakes.nvml",
    "tests.services.disks",
    "tests.services.embedded",
    "tests.services.fixtures",
]

# A shell that runs the tests in the background ignores SIGINT for them, and so for what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_log_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log what a test rejects although a part of an earlier test has logged the same."""
    monkeypatch.setattr("telemetry.tally._logs", WeakValueDictionary())
