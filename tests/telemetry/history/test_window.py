import pytest

from telemetry.history.window import Window
from tests.telemetry.history.conftest import MovableClock
from tests.telemetry.history.samples import cpu, question


def test_a_sample_is_admitted_up_to_a_window_before_and_after_now() -> None:
    window = Window(100, 100, MovableClock(1000))
    samples = [cpu(timestamp) for timestamp in (899, 900, 1000, 1100, 1101)]
    assert window.admit(samples) == samples[1:4]
    assert window.dropped == 2


def test_a_query_is_clipped_to_the_window() -> None:
    window = Window(100, 100, MovableClock(1000))
    assert window.clip(question(0, 10_000)) == question(900, 1101)
    assert window.clip(question(950, 960)) == question(950, 960)
    assert window.clip(question(0, 900)) is None
    assert window.clip(question(960, 950)) is None


def test_dropped_samples_are_counted_and_the_total_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    window = Window(100, 100, MovableClock(1_000_000))
    window.admit([cpu(0), cpu(1)])
    window.admit([cpu(0)])
    assert window.dropped == 3
    (line,) = caplog.messages  # at most one a minute
    assert "discarded: 2 so far" in line
