"""Errors that a real store does not raise on demand."""

import threading
from collections.abc import Sequence

import pytest

from ingester.batcher import Batcher
from ingester.storage import Storage
from telemetry.history.port import Record
from telemetry.samples import Sample
from tests.services.processes import wait_until


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

    def roll_up(self) -> bool:
        raise OverflowError("too much")

    def close(self) -> None:
        pass


class Due(Broken):
    """A history with minutes to make; ``calls`` counts the roll-ups; the first two are parts."""

    calls = 0

    def roll_up(self) -> bool:
        self.calls += 1
        return self.calls <= 2


def test_minutes_are_made_although_no_sample_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingester.batcher._MINUTES_SECONDS", 0.1)
    history = Due()
    batcher = Batcher(history, lambda _message: None)
    batcher.start()
    wait_until(lambda: history.calls >= 5, "the minutes are made twice")
    batcher.stop()
    calls = history.calls
    assert not batcher.waiting
    assert history.calls == calls


def test_minutes_that_cannot_be_made_are_counted_and_stop_no_sample(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = Broken()
    storage = Storage(history, threading.Event())
    assert storage.roll_up() is False
    assert storage.store([Sample("system/cpu", "h", 1, {})])
    assert (history.stored, storage.failures, storage.problem) == ([1], 1, None)
    assert (
        "The one-minute points of the history could not be computed: OverflowError: too much."
        in caplog.text
    )


def test_a_sample_that_triggers_a_bug_is_discarded_and_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingester.storage._FIRST_PAUSE_SECONDS", 0.0)
    history = Broken()
    storage = Storage(history, threading.Event())
    assert storage.store([Sample("system/cpu", "h", number, {}) for number in range(100)])
    assert sorted(history.stored) == [number for number in range(100) if number % 10 != 7]
    assert storage.rejected == {"unforeseen error": 10}
    assert storage.stored == 90
    assert storage.problem is None
    logged = "Discarded a sample or event that the history rejected"
    assert f"{logged} (OverflowError: too much.); 1 so far" in caplog.text
