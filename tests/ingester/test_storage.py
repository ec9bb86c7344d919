"""Errors that a real store does not raise on demand."""

import threading
from collections.abc import Sequence

import pytest

from ingester.storage import Storage
from telemetry.history.port import Record
from telemetry.samples import Sample


class Broken:
    """A history with a bug that only some samples trigger."""

    dropped = evicted = 0

    def __init__(self) -> None:
        self.stored: list[int] = []

    def keeps(self, _record: Record) -> bool:
        return True

    def open(self) -> None:
        pass

    def write(self, records: Sequence[Record]) -> None:
        if any(sample.timestamp % 10 == 7 for sample in records):
            raise OverflowError("too much")
        self.stored += [sample.timestamp for sample in records]

    def close(self) -> None:
        pass


def test_a_sample_that_triggers_a_bug_is_set_aside_and_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingester.storage._FIRST_PAUSE_SECONDS", 0.0)
    history = Broken()
    storage = Storage(history, threading.Event())
    assert storage.store([Sample("system/cpu", "h", number, {}) for number in range(100)])
    assert sorted(history.stored) == [number for number in range(100) if number % 10 != 7]
    assert storage.set_aside == {"unforeseen error": 10}
    assert storage.stored == 90
    assert storage.problem is None
    logged = "Discarded a sample that the history rejected (OverflowError: too much.); 1 so far"
    assert logged in caplog.text
