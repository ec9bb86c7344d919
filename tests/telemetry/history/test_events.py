"""Events in the history, the same for each adapter."""

import pytest

from telemetry.catalogue import ANNOTATION, FINDING, RUN
from telemetry.events import Event
from telemetry.history.port import EventQuery, HistoryReader, HistoryWriter
from telemetry.history.window import Spans
from tests.states import finding, run
from tests.telemetry.history.conftest import HOUR, MovableClock
from tests.telemetry.history.samples import cpu, listed, question

CHANNEL = "system/annotations"
DAY = 24 * HOUR
WEEK = Spans(HOUR).events


def event(
    timestamp: int,
    identity: str = "a",
    host: str | None = None,
    text: str = "epoch 3",
    run: str | None = None,
) -> Event:
    return Event(CHANNEL, identity, timestamp, host, {"text": text, "tags": ["x"], "run": run})


def everything(clock: MovableClock, **more: object) -> EventQuery:
    options: dict[str, object] = {"family": ANNOTATION, **more}
    return EventQuery(start=clock() - 10 * DAY, end=clock() + DAY, **options)  # type: ignore[arg-type]


def test_events_are_read_back_unchanged_in_order_of_time(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    hostile = 'quote " backslash \\ comma, equals= \n line\ttab € 🦜 \\" \x00'
    events = [
        event(clock() - 5 * DAY, "old", "h"),
        event(clock() - 2, "b", "other", hostile),
        event(clock() - 2, "c", None, ""),
        event(clock() - 1, "d", "h"),
    ]
    writer.write(list(reversed(events)))
    assert reader.events(everything(clock)) == events


def test_an_event_that_is_delivered_again_is_stored_once(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    first = event(clock() - 2000)
    writer.write([first, first])
    writer.write([first])
    writer.write([event(clock())])  # the same id, with the time of its second arrival
    assert reader.events(everything(clock)) == [first]


def test_hosts_do_not_take_each_others_ids(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    writer.write([event(clock(), "same", host) for host in (None, "a", "b")])
    hosts = [each.host for each in reader.events(everything(clock))]
    assert sorted(hosts, key=str) == [None, "a", "b"]


def test_events_with_the_same_timestamp_are_all_kept(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    events = [event(clock(), f"{number:03}") for number in range(300)]
    writer.write(events)
    assert reader.events(everything(clock)) == events


def test_samples_and_events_in_one_batch_are_stored_separately(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    writer.write([cpu(clock(), 5.0), event(clock()), cpu(clock() - 1, 6.0)])
    assert listed(reader) == {"h": ["system/cpu"]}
    assert reader.read(question(0, clock() + 1))["system/cpu"].fields["utilization"] == [6.0, 5.0]
    assert len(reader.events(everything(clock))) == 1


def test_a_query_for_a_host_returns_its_events_and_those_without_a_host(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    hosts = {"a": "h", "b": None, "c": "other"}
    writer.write([event(clock(), identity, host) for identity, host in hosts.items()])
    assert [each.id for each in reader.events(everything(clock, host="h"))] == ["a", "b"]
    assert [each.id for each in reader.events(everything(clock, host="x"))] == ["b"]


def test_a_query_for_a_run_returns_its_events_only(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    names = ["ablation-7", None, "ablation-70", 'é"run": "x"\\', "100%_", "", "x"]
    texts = [f'"run": "{name}"' for name in names]
    events = [
        event(clock() - number, str(number), "h", text, name)
        for number, (name, text) in enumerate(zip(names, reversed(texts), strict=True))
    ]
    writer.write(events)
    for each in events:
        run = each.values["run"]
        if isinstance(run, str):
            assert reader.events(everything(clock, run=run)) == [each]
            assert reader.events(everything(clock, run=run, host="other")) == []
    assert reader.events(everything(clock, run="100__")) == []
    assert len(reader.events(everything(clock))) == len(events)


def test_the_limit_applies_to_the_events_of_the_run(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    runs = ["a", "a", "b", "b", "a"]
    writer.write([event(clock() - n, str(n), run=run) for n, run in enumerate(runs)])
    found = reader.events(everything(clock, run="a", limit=2))
    assert [each.id for each in found] == ["1", "0"]


def test_the_newest_events_are_returned_if_there_are_more_than_the_limit(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    writer.write([event(clock() - 10 + number, str(number)) for number in range(10)])
    assert [each.id for each in reader.events(everything(clock, limit=3))] == ["7", "8", "9"]


def test_the_start_is_inclusive_and_the_end_exclusive(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    now = clock()
    writer.write([event(now - number, str(number)) for number in range(4)])
    found = reader.events(EventQuery(ANNOTATION, now - 2, now))
    assert [each.id for each in found] == ["2", "1"]


def test_events_outlive_the_window_of_samples_and_expire_after_their_own_retention(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    writer.write([event(clock())])
    clock.advance(WEEK - 1)
    writer.write([event(clock(), "new")])
    assert [each.id for each in reader.events(everything(clock))] == ["a", "new"]
    clock.advance(2)
    assert [each.id for each in reader.events(everything(clock))] == ["new"]


def test_events_outside_their_retention_are_counted_and_not_stored(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    writer.write([event(clock() - WEEK - 1, "old"), event(clock() + HOUR + 2, "future")])
    assert writer.dropped == 2
    assert reader.events(everything(clock)) == []


def test_the_states_of_a_family_are_found_on_all_of_its_channels(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    now = clock()
    growth, idle = finding("a", now - 3), finding("a", now - 2, "h", "system/findings/idle_gpu/g_1")
    ended = finding("a.end", now - 1, state="over", expected=None)
    writer.write([growth, run("r", now - 2), idle, event(now), ended])
    assert reader.events(everything(clock, family=FINDING)) == [growth, idle, ended]
    assert reader.events(everything(clock, family=RUN)) == [run("r", now - 2)]
    assert reader.events(everything(clock, family=FINDING, host="h")) == [idle]
    assert reader.events(everything(clock, family=FINDING, channel=idle.channel)) == [idle]
    assert reader.events(everything(clock, family=FINDING, channel="system/findings/x/y")) == []
    assert reader.events(everything(clock, family=FINDING, limit=1)) == [ended]


def test_the_newest_message_about_a_state_replaces_those_with_the_same_id(
    writer: HistoryWriter, reader: HistoryReader, clock: MovableClock
) -> None:
    first, second = (run("r", clock(), gpus=gpus) for gpus in (["0"], ["0", "1"]))
    other = run("r", clock(), channel="system/runs/other")
    writer.write([first, other])
    writer.write([second, second])
    found = reader.events(everything(clock, family=RUN))
    assert sorted(found, key=lambda each: each.channel) == [second, other]


@pytest.mark.usefixtures("writer")
def test_a_channel_without_events_has_an_empty_answer(
    reader: HistoryReader, clock: MovableClock
) -> None:
    assert reader.events(everything(clock)) == []
    assert reader.events(EventQuery(RUN, 0, clock())) == []
