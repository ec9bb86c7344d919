"""When the last minutes of a host are saved."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from api.live.newest import Newest, Update
from api.live.removal import Removal
from api.recordings.black_box import BlackBox
from api.recordings.folder import RecordingFolder
from telemetry.bus.topics import TopicScheme
from telemetry.decoding import Content
from telemetry.events import Event
from telemetry.recording.lines import Recording, lines_in
from telemetry.samples import Sample
from tests.api.running import cpu, status
from tests.api.runs.examples import MINUTE, begun, ended
from tests.fakes.monotonic import SettableClock

TOPICS = TopicScheme("fleet/{host}")


class Box:
    """A black box with the newest values that a test gives it, and a clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = SettableClock()
        self.newest = Newest(clock=self.clock)
        self.folder = RecordingFolder(path)
        self.box = BlackBox(self.folder, TOPICS, self.newest, self.clock)

    def receive(self, *contents: Content, retained: bool = False) -> None:
        for content in contents:
            update = Update(content, retained, arrived=self.clock())
            if update.is_event or self.newest.accept(update):
                self.box.note(update)

    def end(self, begin: Event, **values: object) -> None:
        """Publish the end of a run, as its publisher does."""
        self.receive(ended(begin, **values))  # type: ignore[arg-type] # the values of the end
        self.newest.remove(Removal("alpha", begin.channel))

    def later(self, seconds: float) -> None:
        self.clock.now += seconds
        asyncio.run(self.box.check())

    def recorded(self, run: str) -> list[Content | None]:
        files = self.folder.find(run, "alpha")
        if not files:
            return []
        (file,) = files
        recording = Recording(TOPICS)
        with file.open("rb") as stream:
            contents = [each.content for each in recording.read(lines_in(stream))]
        assert not recording.rejected
        return contents


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "recordings")


def memory(kills: int, time: int) -> Sample:
    """Return a sample that counts the processes that the kernel has killed."""
    numbers = {"ram_used": 1, "ram_total": 2, "swap_used": 0, "swap_total": 0}
    return Sample("system/memory", "alpha", time, {**numbers, "oom_kills": kills})


def names(contents: list[Content | None]) -> list[str]:
    return [type(each).__name__ for each in contents]


@pytest.mark.parametrize("how", [{"exit_code": 1}, {"exit_code": None, "signal": "SIGKILL"}])
def test_the_messages_before_and_just_after_a_failure_are_saved(
    box: Box, how: dict[str, object]
) -> None:
    begin, samples = begun("r-1"), [cpu(age=age) for age in (3, 2, 1)]
    box.receive(begin, samples[0], cpu("beta"), status())
    box.later(2)
    box.receive(samples[1])
    box.end(begin, **how)
    box.later(2)
    box.receive(samples[2])
    assert box.recorded("r-1") == []
    box.later(5)
    found = box.recorded("r-1")
    assert [each.timestamp for each in found if isinstance(each, Sample)] == [
        each.timestamp for each in samples
    ]
    expected = ["Event", "Sample", "CollectorStatus", "Sample", "Event", "Sample"]
    assert names(found) == expected
    assert box.box.kept == 1


@pytest.mark.parametrize("how", ["command", "helper"])
def test_a_run_that_was_killed_with_its_publisher_is_saved(box: Box, how: str) -> None:
    begin = begun("r-1", how=how)
    box.receive(begin, cpu())
    box.end(begin, exit_code=None)
    box.later(6)
    assert box.recorded("r-1")


def test_an_automatic_run_is_saved_if_the_kernel_killed_a_process(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin, memory(1, begin.timestamp))
    box.end(begin, exit_code=None)
    box.receive(memory(2, begin.timestamp + 1))
    box.later(6)
    *_, sample, note = box.recorded("r-1")
    assert isinstance(sample, Sample)
    assert isinstance(note, Event)
    assert note.values["tags"] == ["oom_kill"]


def test_an_end_before_the_messages_that_are_kept_leaves_nothing(box: Box) -> None:
    """The machine was off, and the run is ended after the restart."""
    begin = begun("r-1", how="command", age=8 * 60 * MINUTE)
    box.receive(begin, retained=True)
    box.receive(cpu())
    box.end(begin, exit_code=None)
    box.later(60)
    assert not box.path.exists()


def test_a_run_that_ends_well_and_an_automatic_run_leave_nothing(box: Box) -> None:
    for identity, code in (("good", 0), ("unknown", None)):
        begin = begun(identity)
        box.receive(begin, cpu())
        box.end(begin, exit_code=code)
    box.later(60)
    assert not box.path.exists()
    box.receive(cpu(age=-1))
    counts = {each.name: each.value for each in box.box.report().counts}
    assert counts == {
        "recordings_kept": 0,
        "recordings_failed": 0,
        "recordings_skipped": 0,
        "recording_buffer_bytes": 0,
    }


def test_only_the_last_five_minutes_are_saved(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin)
    samples = [cpu(age=1000 - number) for number in range(40)]
    for sample in samples:
        box.receive(sample)
        box.later(10)
    box.end(begin, exit_code=1)
    box.later(6)
    found = [each.timestamp for each in box.recorded("r-1") if isinstance(each, Sample)]
    assert found == [each.timestamp for each in samples[-30:]]


def test_a_host_that_becomes_silent_is_saved_once_and_again_after_it_was_back(
    box: Box,
) -> None:
    box.receive(begun("r-1"), cpu(age=3))
    box.later(119)
    assert box.recorded("r-1") == []
    box.later(2)
    assert names(box.recorded("r-1")) == ["Event", "Sample"]
    box.later(60)
    assert box.box.kept == 1
    box.receive(cpu(age=2))
    box.later(10)
    box.later(130)
    assert box.box.kept == 2


def test_a_host_whose_collector_never_published_is_not_silent(box: Box) -> None:
    box.receive(begun("r-1"))
    box.later(1000)
    assert box.box.kept == 0


def test_a_kill_by_the_kernel_is_in_the_recording(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin, memory(7, begin.timestamp), memory(8, begin.timestamp + 1))
    box.end(begin, exit_code=None, signal="SIGKILL")
    box.later(6)
    (note,) = [
        each
        for each in box.recorded("r-1")
        if isinstance(each, Event) and each.channel == "system/annotations"
    ]
    assert note.values["text"] == "The kernel killed a process because memory ran out."
    assert (note.values["run"], note.timestamp) == ("r-1", begin.timestamp + 1)


def test_what_the_broker_retained_is_not_part_of_the_last_minutes(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin, cpu(age=5000), retained=True)
    box.receive(cpu(age=1))
    box.end(begin, exit_code=1)
    box.later(6)
    assert names(box.recorded("r-1")) == ["Sample", "Event"]


def test_a_failure_shortly_before_the_api_stops_is_saved(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin, cpu())
    box.end(begin, exit_code=1)
    asyncio.run(box.box.check(all_failed=True))
    assert names(box.recorded("r-1")) == ["Event", "Sample", "Event"]


def test_a_folder_that_cannot_be_written_is_counted_and_logged(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.path.write_text("a file")
    begin = begun("r-1")
    box.receive(begin, cpu())
    box.end(begin, exit_code=1)
    box.later(6)
    assert (box.box.kept, box.box.failures) == (0, 1)
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.getMessage().startswith("The recording of run r-1 could not be written: ")


def test_a_host_has_at_most_ten_recordings_at_a_time(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    begins = [begun(f"r-{number}") for number in range(30)]
    box.receive(*begins, cpu())
    for begin in begins[:15]:
        box.end(begin, exit_code=1)
    box.later(6)
    assert (box.box.kept, box.box.skipped) == (10, 5)
    box.later(130)
    assert (box.box.kept, box.box.skipped) == (20, 10)
    (record,) = caplog.records
    assert record.getMessage().startswith("Run r-10 of host alpha has no recording, because at ")


def test_the_end_of_a_run_of_a_host_without_runs_under_way_takes_no_memory(box: Box) -> None:
    for number in range(100):
        box.receive(ended(begun(f"r-{number}"), exit_code=1))
    box.later(6)
    assert (box.box.kept, box.box.skipped, box.path.exists()) == (0, 0, False)


def test_a_run_that_begins_again_has_not_failed(box: Box) -> None:
    begin = begun("r-1")
    box.receive(begin, cpu())
    box.end(begin, exit_code=1)
    box.receive(replace(begin, timestamp=begin.timestamp + 1))
    box.later(6)
    assert box.box.kept == 0
