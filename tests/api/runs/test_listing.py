"""Which runs are listed, and in what state."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from api.live.newest import Newest, Update
from api.rest.history import Span
from api.runs import listing
from api.runs.ends import RecentEnds
from api.runs.listing import Page, Wanted, list_runs
from api.runs.run import Live, RunKey, RunState
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history.port import EventQuery
from telemetry.status import CollectorState
from tests.api.running import cpu, status
from tests.api.runs.examples import MINUTE, begun, ended

HOUR = 60 * MINUTE


class Events:
    """A history of ``stored`` events; ``queries`` counts the questions."""

    def __init__(self, stored: Sequence[Event]) -> None:
        self.stored = sorted(stored, key=lambda each: (each.timestamp, each.id))
        self.queries = 0

    async def read(self, query: EventQuery) -> list[Event]:
        self.queries += 1
        found = [each for each in self.stored if query.start <= each.timestamp < query.end]
        return found[-query.limit :]


def wanted(**more: object) -> Wanted:
    return replace(Wanted(0, unix_milliseconds() + HOUR, 100), **more)  # type: ignore[arg-type]


def listed(
    events: Events,
    question: Wanted | None = None,
    newest: Newest | None = None,
    later: float = 0,
    ends: Mapping[RunKey, Event] = MappingProxyType({}),
) -> Page:
    hosts = {} if newest is None else newest.hosts
    live = Live(hosts, ends, Update(cpu()).arrived + later)
    now = unix_milliseconds()
    kept = Span(now - 7 * 24 * HOUR, now + HOUR)
    return asyncio.run(list_runs(events.read, live, question or wanted(), kept))


def ids(page: Page) -> list[str]:
    return [each.key.id for each in page.runs]


def test_a_run_is_one_entry_with_the_values_of_its_end() -> None:
    begin = begun("a")
    (run,) = listed(Events([begin, ended(begin, exit_code=3)])).runs
    assert (run.key, run.state, run.values["exit_code"]) == (("alpha", "a"), RunState.ENDED, 3)
    assert (run.started, run.ended) == (begin.timestamp, begin.timestamp + MINUTE)
    assert run.body()["id"] == "a"


def test_the_newest_run_comes_first() -> None:
    ages = {"a": 3, "b": 1, "c": 2}
    assert ids(listed(Events([begun(name, age * MINUTE) for name, age in ages.items()]))) == [
        *("b", "c", "a")
    ]


def test_the_same_id_on_another_host_is_another_run() -> None:
    events = [begun("a"), begun("a", host="beta")]
    assert {each.key.host for each in listed(Events(events)).runs} == {"alpha", "beta"}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"host": "beta"}, ["b"]),
        ({"user": "ada"}, ["c", "a"]),
        ({"tag": "x"}, ["a"]),
        ({"name": "big"}, ["b"]),
        ({"state": RunState.ENDED}, ["c"]),
        ({"state": RunState.LOST}, ["b", "a"]),
        ({"state": RunState.RUNNING}, []),
    ],
)
def test_filters_select_runs(question: dict[str, object], found: list[str]) -> None:
    last = begun("c", 1 * MINUTE, user="ada", tags=["xx"])
    events = [
        begun("a", 3 * MINUTE, user="ada", tags=["y", "x"]),
        begun("b", 2 * MINUTE, "beta", name="big", user=None, tags=[]),
        *(last, ended(last)),
    ]
    assert ids(listed(Events(events), wanted(**question))) == found


def test_pages_have_each_run_once_however_many_events_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 7)
    begins = [begun(f"{number:02}", (number // 2 + 1) * MINUTE) for number in range(50)]
    ends = [ended(each, (number % 9 + 1) * MINUTE // 2) for number, each in enumerate(begins)]
    events, question, pages = Events(begins + ends), wanted(limit=6), []
    while True:
        page = listed(events, question)
        pages.append(page)
        if page.end is None:
            break
        question = replace(question, end=page.end)
    found = [each for page in pages for each in page.runs]
    assert sorted(each.key.id for each in found) == [f"{number:02}" for number in range(50)]
    assert [each.started for each in found] == sorted((e.started for e in found), reverse=True)
    assert all(each.state is RunState.ENDED for each in found)
    assert max(len(page.runs) for page in pages) <= 7


def test_only_as_much_of_the_history_is_read_as_a_page_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 10)
    events = Events([begun(str(number), number * MINUTE) for number in range(1000)])
    assert len(listed(events, wanted(limit=25)).runs) == 25
    assert events.queries == 2


def test_more_events_in_one_millisecond_than_a_query_has_do_not_stop_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 5)
    first = begun("0")
    same = [replace(first, id=f"{n}", channel=f"system/runs/{n}") for n in range(20)]
    assert len(listed(Events([*same, begun("x", HOUR)])).runs) >= 6


def seen(*updates: Update) -> Newest:
    newest = Newest()
    for update in updates:
        newest.accept(update)
    return newest


def test_a_run_that_is_not_stored_yet_is_listed() -> None:
    (run,) = listed(Events([]), newest=seen(Update(begun("a")))).runs
    assert run.state is RunState.RUNNING


def test_a_run_under_way_has_the_values_of_its_newest_state() -> None:
    begin = begun("a")
    newer = replace(begin, values={**begin.values, "gpus": ["7"]})
    (run,) = listed(Events([begin]), newest=seen(Update(newer))).runs
    assert run.values["gpus"] == ["7"]


def test_the_end_in_the_history_counts_although_the_broker_still_retains_the_state() -> None:
    begin = begun("a")
    (run,) = listed(Events([begin, ended(begin)]), newest=seen(Update(begin))).runs
    assert run.state is RunState.ENDED


@pytest.mark.parametrize(
    ("later", "retained", "state"),
    [(60, True, RunState.RUNNING), (121, True, RunState.LOST), (121, False, RunState.LOST)],
)
def test_a_run_is_lost_once_its_host_is_silent(
    later: float, *, retained: bool, state: RunState
) -> None:
    newest = seen(Update(cpu()), Update(begun("a"), retained=retained))
    (run,) = listed(Events([]), newest=newest, later=later).runs
    assert (run.state, run.ended) == (state, None)


def test_a_run_is_lost_if_its_collector_is_offline_unless_the_run_itself_reports() -> None:
    offline = Update(status(state=CollectorState.OFFLINE))
    (run,) = listed(Events([]), newest=seen(offline, Update(begun("a"), retained=True))).runs
    assert run.state is RunState.LOST
    (run,) = listed(Events([]), newest=seen(offline, Update(begun("a")))).runs
    assert run.state is RunState.RUNNING


def test_a_run_on_a_machine_without_a_collector_is_running_while_its_state_is_retained() -> None:
    newest = seen(Update(begun("a"), retained=True))
    (run,) = listed(Events([]), newest=newest, later=1000).runs
    assert run.state is RunState.RUNNING


def test_a_run_that_has_just_ended_is_not_lost_until_its_end_is_stored() -> None:
    begin, ends = begun("a"), RecentEnds()
    ends.note(Update(ended(begin, exit_code=3)))
    for stored in ([], [begin], [begin, ended(begin, exit_code=3)]):
        (run,) = listed(Events(stored), ends=ends.events).runs
        assert (run.state, run.values["exit_code"]) == (RunState.ENDED, 3)


def test_only_the_newest_ends_are_remembered_and_a_new_beginning_counts() -> None:
    ends = RecentEnds(limit=2)
    for name in "abc":
        ends.note(Update(ended(begun(name))))
    assert [key.id for key in ends.events] == ["b", "c"]
    ends.note(Update(begun("b")))
    ends.note(Update(cpu()))
    assert [key.id for key in ends.events] == ["c"]
