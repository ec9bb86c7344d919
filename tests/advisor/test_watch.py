"""What an advisor publishes after a restart, with a real history and the real detectors."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from advisor.active import PATIENCE, ActiveFindings
from advisor.detectors import registry
from advisor.past import Past
from advisor.watch import FORGOTTEN_SECONDS, SETTLE_SECONDS, SILENT_SECONDS, Watch
from telemetry.limits import Limits
from telemetry.samples import Sample
from telemetry.status import CollectorState
from tests.advisor.house import IDLE, LEAK, SPANS, House, Samples, gpu, leaking, processes
from tests.advisor.series import GB, HOURS, MINUTES, START, at_once
from tests.api.running import status
from tests.states import finding


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "history.sqlite3")
    with closing(house.writer), closing(house.reader):
        yield house


def test_the_first_advisor_of_a_machine_finds_what_the_history_shows(house: House) -> None:
    house.store(gpu(leaking, 6 * HOURS))
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    assert house.take() == [(LEAK, "active")]
    assert house.watch.history_problem is None


def test_after_a_restart_a_finding_that_is_still_true_continues(house: House) -> None:
    house.settle()
    house.restart(gpu(leaking, 10))
    house.feed(gpu(leaking, 5 * HOURS, 10))
    updates = [each for each in house.events if each.id == house.retained[LEAK].id]
    assert len(updates) > 1
    assert house.take() == [(LEAK, "active")]
    before = house.retained[LEAK]
    assert before.timestamp == updates[0].timestamp
    house.store(gpu(leaking, 5.2 * HOURS, 5 * HOURS))
    house.restart(gpu(leaking, 5.2 * HOURS + 10, 5.2 * HOURS))
    house.feed(gpu(leaking, 7 * HOURS, 5.2 * HOURS + 10))
    assert house.take() == []
    assert house.retained[LEAK].id == before.id
    assert house.retained[LEAK].timestamp == before.timestamp
    house.feed(gpu(lambda _: 40 * GB, 7.1 * HOURS, 7 * HOURS))
    (over,) = house.events
    assert (over.id, over.values["since"]) == (f"{before.id}.end", before.values["since"])
    assert house.retained == {}


def test_a_broker_that_lost_a_finding_gets_it_again(house: House) -> None:
    house.store(gpu(leaking, 6 * HOURS))
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    before = dict(house.retained)
    house.retained.clear()
    house.events.clear()
    house.restart(gpu(leaking, 6 * HOURS + 20, 6 * HOURS + 10))
    assert house.retained == before
    assert [each.id for each in house.events] == [before[LEAK].id]


def test_a_finding_that_ended_while_no_advisor_ran_is_ended(house: House) -> None:
    house.store(gpu(leaking, 6 * HOURS))
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    assert house.take() == [(LEAK, "active")]
    house.store(gpu(lambda _: 40 * GB, 6.3 * HOURS, 6 * HOURS + 10))
    house.restart(gpu(lambda _: 40 * GB, 6.3 * HOURS + 10, 6.3 * HOURS))
    assert house.take() == [(LEAK, "over")]
    assert house.retained == {}


def test_the_finding_about_the_only_process_of_a_gpu_continues(house: House) -> None:
    begin = at_once(gpu(leaking, 10), processes(leaking, 10, 0))
    house.restart(begin)
    house.feed(at_once(gpu(leaking, 5 * HOURS, 10), processes(leaking, 5 * HOURS, 10)))
    assert house.take() == [(LEAK, "active")]
    assert "PID 4242" in str(house.retained[LEAK].values["summary"])
    now = 5.2 * HOURS
    house.store(gpu(leaking, now, 5 * HOURS))
    house.restart(at_once(gpu(leaking, now + 10, now), processes(leaking, now + 10, now)))
    later = 6 * HOURS
    house.feed(at_once(gpu(leaking, later, now + 10), processes(leaking, later, now + 10)))
    assert house.take() == []
    house.feed(at_once(*(each(lambda _: 40 * GB, later + 600, later) for each in (gpu, processes))))
    assert house.take() == [(LEAK, "over")]


def test_a_finding_about_one_of_several_processes_waits_to_be_found_again(house: House) -> None:
    def both(until: float, begin: float) -> Samples:
        listed = processes(leaking, until, begin, 6 * GB)
        return at_once(gpu(leaking, until, begin), listed)

    house.restart(both(10, 0))
    house.feed(both(5 * HOURS, 10))
    assert house.take() == [(LEAK, "active")]
    house.restart(both(5 * HOURS + 10, 5 * HOURS))
    house.feed(both(5.2 * HOURS, 5 * HOURS + 10))
    assert house.take() == []
    assert LEAK in house.retained


def test_what_a_detector_finds_in_the_last_hour_is_found_at_once(house: House) -> None:
    house.store(gpu(lambda _: 30 * GB, HOURS, utilization=0.0))
    house.restart(gpu(lambda _: 30 * GB, HOURS + 10, HOURS, utilization=0.0))
    assert house.take() == [(IDLE, "active")]
    house.restart(gpu(lambda _: 30 * GB, HOURS + 20, HOURS + 10, utilization=0.0))
    assert house.take() == []


def test_a_retained_finding_that_no_detector_reports_is_over_after_some_patience(
    house: House,
) -> None:
    stale = finding("stale", START, channel="system/findings/old_kind/gpu0")
    house.retained[stale.channel] = stale
    house.restart(gpu(lambda _: GB, 10))
    house.feed(gpu(lambda _: GB, PATIENCE / 1000 - 60, 10))
    assert house.take() == []
    house.feed(gpu(lambda _: GB, 2 * HOURS, PATIENCE / 1000 - 60))
    assert house.take() == [(stale.channel, "over")]
    assert house.retained == {}


def test_the_findings_of_a_host_that_is_silent_are_over(house: House) -> None:
    house.store(gpu(leaking, 6 * HOURS))
    gone = finding("gone", house.now, "beta", "system/findings/idle_gpu/gpu1")
    house.retained[gone.channel] = gone
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    assert house.take() == [(LEAK, "active")]
    house.clock.now += SILENT_SECONDS - 60
    house.settle()
    assert house.take() == []
    house.settle(connected=False)  # nothing is received then
    house.clock.now += SILENT_SECONDS
    house.settle()
    assert house.take() == []
    house.clock.now += SILENT_SECONDS
    house.settle()
    assert sorted(house.take()) == [(gone.channel, "over"), (LEAK, "over")]
    assert house.retained == {}


def test_of_a_host_that_is_offline_only_the_findings_about_its_silence_remain(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.watch.unix_milliseconds", lambda: house.now)
    house.store(gpu(leaking, 6 * HOURS))
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    assert house.take() == [(LEAK, "active")]
    house.feed([status("alpha", timestamp=house.now, state=CollectorState.OFFLINE)])
    for _ in range(15):
        house.now += 60_000
        house.clock.now += 60
        house.settle()
    silence = "system/findings/host_pressure/collector"
    assert sorted(house.take()) == [(silence, "active"), (LEAK, "over")]
    house.clock.now += FORGOTTEN_SECONDS
    house.settle()
    assert house.take() == [(silence, "over")]
    assert house.watch.hosts == 0


def test_the_past_of_a_host_that_comes_back_is_read_again(house: House) -> None:
    house.store(gpu(leaking, 6 * HOURS))
    house.restart(gpu(leaking, 6 * HOURS + 10, 6 * HOURS))
    house.clock.now += SILENT_SECONDS
    house.settle()
    assert house.take() == [(LEAK, "active"), (LEAK, "over")]
    house.store(gpu(leaking, 6.2 * HOURS, 6 * HOURS + 10))
    house.feed(gpu(leaking, 6.2 * HOURS + 10, 6.2 * HOURS))
    house.settle()
    assert house.take() == [(LEAK, "active")]


def test_without_a_history_the_advisor_begins_a_minute_later_and_reports_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.reader._path  # noqa: SLF001 - the test breaks the file
    house.writer.close()
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    file.write_bytes(b"not a database" * 1000)
    monkeypatch.setattr(house.writer, "write", lambda _: None)
    monkeypatch.setattr(house.writer, "roll_up", lambda: False)
    house.restart(gpu(lambda _: 30 * GB, 10, utilization=0.0))
    assert "history file" in str(house.watch.history_problem)
    house.clock.now += 60
    house.settle()
    assert house.watch.history_failures > 1
    house.feed(gpu(lambda _: 30 * GB, 30 * MINUTES, 10, utilization=0.0))
    assert house.take() == [(IDLE, "active")]


def test_what_waits_for_the_past_of_its_host_is_limited(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.watch._MOST_BYTES", 1000)
    for number in range(3):
        sample = Sample("system/cpu", f"host-{number}", START, {"utilization": 1.0})
        assert list(house.watch.feed(sample, size=500)) == []
    assert house.watch.skipped == 1
    house.settle()
    sample = Sample("system/cpu", "one more", START, {"utilization": 1.0})
    assert list(house.watch.feed(sample, size=500)) == []
    assert house.watch.skipped == 1


def test_the_pasts_of_hosts_wait_while_the_broker_is_unavailable(house: House) -> None:
    house.settle()
    for number in range(6):
        list(house.watch.feed(Sample("system/cpu", f"host-{number}", START, {"utilization": 1.0})))
    house.clock.now += SETTLE_SECONDS
    list(house.watch.turn(connected=True))
    assert house.watch.is_busy
    house.settle(connected=False)
    assert not house.watch.is_busy


def test_hosts_beyond_the_limit_are_ignored_and_counted(house: House) -> None:
    past = Past(house.reader, SPANS, lambda: house.now)
    watch = Watch(registry.build, past, ActiveFindings(shared_topics=False), Limits(hosts=1))
    for host in ("a", "b"):
        assert list(watch.feed(Sample("system/cpu", host, START, {}))) == []
    assert (watch.hosts, watch.skipped) == (1, 1)
