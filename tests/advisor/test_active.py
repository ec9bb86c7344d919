import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from advisor.active import MOST_ADOPTED, PATIENCE, ActiveFindings, Change
from advisor.findings import Evidence, Expected, Finding, Measure, Severity, State
from telemetry.bus.topics import TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.events import Event
from tests.states import finding as example

CHANNEL = "system/findings/memory_growth/gpu0"
SINCE = 1_767_225_600_000


def found(timestamp: int = SINCE + 1000, host: str = "a", **changes: object) -> Finding:
    finding = Finding(
        host,
        "memory_growth",
        "gpu0",
        State.ACTIVE,
        Severity.WARNING,
        SINCE,
        timestamp,
        "GPU 0: memory in use grows by 118 MB/min",
        Evidence(SINCE, SINCE + 1000, {"rate": Measure(118.0, "MB/min")}),
        Expected(1, 2, 3),
        "Save a checkpoint.",
    )
    return replace(finding, **changes)  # type: ignore[arg-type]


def event(change: Change) -> Event:
    """Return the event in ``change``, as a subscriber decodes it."""
    content = decode(resolve(TopicScheme(), change.channel), change.payload, arrived=1)
    assert isinstance(content, Event)
    return content


def summary(changes: Iterable[Change]) -> list[tuple[str, bool]]:
    """Return the state and severity, or that the message is removed, and the retain flag."""
    return [
        (
            f"{(values := event(each).values)['state']} {values['severity']}"
            if each.payload
            else "removed",
            each.retain,
        )
        for each in changes
    ]


@pytest.fixture
def active() -> ActiveFindings:
    return ActiveFindings(shared_topics=False)


def test_a_finding_is_retained_from_its_beginning_to_its_end(active: ActiveFindings) -> None:
    worse = found(SINCE + 2000, severity=Severity.CRITICAL)
    begun, risen = [*active.note(found())], [*active.note(worse)]
    assert active.by_severity() == {"critical": 1}
    ended = [*active.note(worse.over(SINCE + 3000))]
    assert summary([*begun, *risen, *ended]) == [
        ("active warning", True),
        ("active critical", True),
        ("over critical", False),
        ("removed", True),
    ]
    events = [event(each) for each in (*begun, *risen, ended[0])]
    base = events[0].id
    assert [each.id for each in events] == [base, f"{base}.critical", f"{base}.end"]
    assert [each.timestamp - SINCE for each in events] == [1000, 2000, 3000]
    assert {each.channel for each in events} == {CHANNEL}
    assert active.by_severity() == {}


def test_a_finding_that_begins_again_has_an_id_of_its_own(active: ActiveFindings) -> None:
    ids = []
    for _ in range(3):
        (begun,) = (event(each) for each in active.note(found()))
        assert len([*active.note(found().over(SINCE + 2000))]) == 2
        ids.append(begun.id)
    assert ids == [ids[0], f"{ids[0]}-1", f"{ids[0]}-2"]
    later, ended = ActiveFindings(shared_topics=False), found().over(SINCE + 2000)
    assert [*later.adopt(ended.event(f"{ids[0]}.end"), is_retained=False)] == []
    (begun,) = (event(each) for each in later.note(found()))
    assert begun.id == ids[1]


def test_a_finding_that_is_reported_again_is_not_published_again(active: ActiveFindings) -> None:
    assert len([*active.note(found())]) == 1
    assert [*active.note(found(SINCE + 5000))] == []


def test_it_is_known_which_findings_are_older_than_what_is_published(
    active: ActiveFindings,
) -> None:
    assert not active.is_past(found())
    assert len([*active.note(found(SINCE + 1000))]) == 1
    assert active.is_past(found().over(SINCE + 999))
    assert not active.is_past(found().over(SINCE + 1000))


def test_newer_numbers_are_published_with_the_same_id_and_time(active: ActiveFindings) -> None:
    (before,) = (event(each) for each in active.note(found()))
    newer = found(SINCE + 600_000, summary="It grows by 120 MB/min.", is_update=True)
    (update,) = active.note(newer)
    after = event(update)
    assert update.retain
    assert (after.id, after.timestamp) == (before.id, before.timestamp)
    assert after.values == {**before.values, "summary": "It grows by 120 MB/min."}
    assert [*active.note(found(SINCE + 700_000, since=SINCE + 5, is_update=True))] == []


def test_an_event_is_read_back_as_the_finding_that_it_reports() -> None:
    assert Finding.of(found().event("x")) == found()
    assert Finding.of(found(expected=None).event("x")) == found(expected=None)


def test_a_subject_or_text_that_is_not_valid_in_an_event_is_made_valid(
    active: ActiveFindings,
) -> None:
    odd = found(subject="sensor-a/b \n" + 80 * "x", summary="🦜" * 1200, advice="y" * 1200)
    (change,) = active.note(odd)
    assert event(change).values["subject"] == ("sensor-a_b__" + 80 * "x")[:64]
    assert event(change).values["advice"] == 1000 * "y"


def test_an_adopted_finding_continues_with_its_id_and_its_beginning(active: ActiveFindings) -> None:
    (before,) = ActiveFindings(shared_topics=False).note(found())
    assert [*active.adopt(event(before), is_retained=True)] == []
    assert [*active.note(found(SINCE + 9000, since=SINCE + 8000))] == []
    ended = [*active.note(found(since=SINCE + 8000).over(SINCE + 600_000))]
    assert summary(ended) == [("over warning", False), ("removed", True)]
    over = event(ended[0])
    assert (over.id, over.values["since"]) == (f"{event(before).id}.end", SINCE)
    assert str(over.values["summary"]).startswith("Over after 10 min: GPU 0")


def test_an_adopted_finding_that_the_broker_has_lost_is_retained_again(
    active: ActiveFindings,
) -> None:
    (before,) = ActiveFindings(shared_topics=False).note(found())
    assert [*active.adopt(event(before), is_retained=False)] == [before]


def test_an_adopted_finding_that_is_not_reported_again_ends_after_some_patience(
    active: ActiveFindings,
) -> None:
    for kind in ("memory_growth", "idle_gpu"):
        (before,) = ActiveFindings(shared_topics=False).note(found(kind=kind))
        assert [*active.adopt(event(before), is_retained=True)] == []
    now = SINCE + 60_000
    active.wait("a", now)
    assert [*active.note(found(now))] == []
    assert [*active.expire("a", now + PATIENCE - 1)] == []
    ended = [*active.expire("a", now + PATIENCE)]
    assert [each.channel for each in ended] == 2 * ["system/findings/idle_gpu/gpu0"]
    assert summary(ended) == [("over warning", False), ("removed", True)]
    assert active.by_severity() == {"warning": 1}


def test_an_adopted_finding_may_need_as_long_as_its_evidence_took(active: ActiveFindings) -> None:
    hours = 3 * 3_600_000
    slow = found(evidence=Evidence(SINCE, SINCE + hours))
    assert [*active.adopt(slow.event("x"), is_retained=True)] == []
    active.wait("a", SINCE)
    assert [*active.expire("a", SINCE + hours - 1)] == []
    assert len([*active.expire("a", SINCE + hours)]) == 2


def test_a_finding_that_is_over_is_not_adopted(active: ActiveFindings) -> None:
    assert [*active.adopt(found().over(SINCE).event("x.end"), is_retained=False)] == []
    assert active.hosts() == []


def test_the_removal_of_a_finding_is_published_again_if_the_broker_has_lost_it(
    active: ActiveFindings,
) -> None:
    (began,) = active.note(found())
    _, removal = active.note(found().over(SINCE + 2000))
    assert [*active.adopt(event(began), is_retained=True)] == [removal]
    assert active.hosts() == []


def test_a_retained_finding_is_removed_if_the_history_has_its_end(active: ActiveFindings) -> None:
    before = ActiveFindings(shared_topics=False)
    (began,) = before.note(found())
    end, removal = before.note(found().over(SINCE + 2000))
    assert [*active.adopt(event(began), is_retained=True)] == []
    assert [*active.adopt(event(end), is_retained=False)] == [removal]
    assert active.hosts() == []


def test_a_finding_that_began_again_is_not_removed_with_an_earlier_one(
    active: ActiveFindings,
) -> None:
    (first,) = active.note(found())
    assert len([*active.note(found().over(SINCE + 2000))]) == 2
    assert len([*active.note(found(SINCE + 9000, since=SINCE + 9000))]) == 1
    assert [*active.adopt(event(first), is_retained=True)] == []
    assert active.hosts() == ["a"]


def test_made_up_findings_are_adopted_up_to_a_limit(active: ActiveFindings) -> None:
    for number in range(MOST_ADOPTED + 2):
        made_up = example(channel=f"system/findings/x/{number}")
        assert [*active.adopt(made_up, is_retained=True)] == []
    assert sum(active.by_severity().values()) == MOST_ADOPTED


def test_where_hosts_share_topics_a_removal_does_not_remove_the_finding_of_another_host() -> None:
    active = ActiveFindings(shared_topics=True)
    other = [*active.note(found(host="b"))]
    assert len([*active.note(found(host="a"))]) == 1
    *_, removal, again = active.note(found(host="a").over(SINCE + 2000))
    assert (removal.payload, [again]) == (b"", other)
    assert json.loads(again.payload)["host"] == "b"
