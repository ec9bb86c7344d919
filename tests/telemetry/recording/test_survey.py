from collections.abc import Iterator

from telemetry.bus.topics import TopicScheme
from telemetry.recording.lines import Recording, line_of
from telemetry.recording.survey import Survey
from telemetry.samples import Sample

NOW = 1_767_225_600_000
HOUR = 3_600_000
PROCESSES = {"processes": [], "more": 0}


def recorded() -> Iterator[bytes]:
    """Return three hours of two hosts, a sample a minute each."""
    for time in range(NOW - 3 * HOUR, NOW + 1, 60_000):
        for host in "ab":
            cpu = Sample("system/cpu", host, time, {"utilization": 1.0, "per_core": []})
            yield line_of("system/cpu", cpu.payload())
        processes = Sample("system/gpu/0/processes", "a", time, PROCESSES)
        yield line_of("system/gpu/0/processes", processes.payload())


def surveyed(speed: float) -> Survey:
    survey = Survey(speed)
    survey.read(Recording(TopicScheme()).read(recorded()))
    return survey


def test_it_knows_hosts_times_and_numbers() -> None:
    survey = surveyed(60)
    assert survey.hosts == {"a": 362, "b": 181}
    assert (survey.messages, survey.stored) == (543, 362)
    assert (survey.newest, survey.elapsed, survey.duration) == (NOW, 3 * HOUR, 3 * HOUR / 60)


def test_at_its_own_pace_no_sample_is_old_when_it_is_published() -> None:
    survey = surveyed(1)
    begin = NOW + 10**9
    offset = begin + 3 * HOUR - NOW
    assert survey.older_than(HOUR, begin, offset) == 0


def test_at_a_high_speed_the_samples_before_the_window_are_old() -> None:
    survey = surveyed(1e9)
    begin = NOW + 10**9
    assert survey.older_than(HOUR, begin, begin - NOW) == 2 * 120
    assert survey.older_than(4 * HOUR, begin, begin - NOW) == 0


def test_with_its_own_timestamps_an_old_recording_is_old() -> None:
    assert surveyed(60).older_than(HOUR, NOW + 24 * HOUR, 0) == 362
