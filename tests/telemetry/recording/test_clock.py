from dataclasses import replace

from telemetry.recording.clock import RecordingClock
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus

NOW = 1_767_225_600_000
DAY = 86_400_000


def after(*contents: Sample | CollectorStatus) -> tuple[int, int]:
    """Return the time and the elapsed time after ``contents``."""
    clock = RecordingClock()
    for each in contents:
        clock.advance(each)
    return clock.now - NOW, clock.elapsed


def sample(time: int, host: str = "h", *, late: bool = False) -> Sample:
    return Sample("system/cpu", host, NOW + time, {}, late)


def status(time: int) -> CollectorStatus:
    return CollectorStatus("h", NOW + time, CollectorState.ONLINE, "1", 1, 2.0)


def test_the_time_is_that_of_the_newest_sample() -> None:
    assert after(sample(0), sample(2000), sample(2000), status(3000), sample(2500)) == (3000, 3000)


def test_a_late_sample_and_a_last_will_do_not_move_it() -> None:
    will = replace(status(-DAY), last_will=True)
    assert after(will, sample(1000, late=True), sample(0), sample(1000)) == (1000, 1000)


def test_an_outage_takes_no_time() -> None:
    assert after(sample(0), sample(60_000), sample(DAY), sample(DAY + 2000)) == (DAY + 2000, 62_000)


def test_outdated_retained_messages_take_no_time() -> None:
    assert after(sample(-5 * DAY), sample(-DAY), sample(0), sample(1000)) == (1000, 1000)


def test_a_host_whose_clock_is_ahead_does_not_stop_it() -> None:
    both = [each for time in (0, 2000, 4000) for each in (sample(time), sample(time + DAY, "b"))]
    assert after(*both) == (DAY + 4000, 4000)
