import pytest

from telemetry.history.window import Spans, Window, Windows
from tests.telemetry.history.conftest import MovableClock
from tests.telemetry.history.samples import cpu, question


def test_a_sample_is_admitted_up_to_a_window_before_and_after_now() -> None:
    window = Window(100, 100, MovableClock(1000))
    samples = [cpu(timestamp) for timestamp in (899, 900, 1000, 1100, 1101)]
    assert window.admit(samples) == samples[1:4]


def test_a_query_is_clipped_to_the_window() -> None:
    window = Window(100, 100, MovableClock(1000))
    assert window.clip(question(0, 10_000)) == question(900, 1101)
    assert window.clip(question(950, 960)) == question(950, 960)
    assert window.clip(question(0, 900)) is None
    assert window.clip(question(960, 950)) is None


def test_dropped_samples_are_counted_and_the_total_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    windows = Windows(Spans(100))
    for number in (2, 0, 1):
        windows.count_dropped(number)
    assert windows.dropped == 3
    (line,) = caplog.messages  # at most one a minute
    assert "discarded: 2 so far" in line
