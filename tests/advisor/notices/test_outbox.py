"""When notices are sent: grouping, quiet hours, pauses, limits."""

import pytest

from advisor.notices.model import Notice, Rules
from advisor.notices.outbox import Outbox, Pace
from tests.states import finding

NOON, NIGHT = 12 * 60, 2 * 60
OVERNIGHT = ((22 * 60, 7 * 60),)


def notice(identity: str, severity: str = "warning") -> Notice:
    found = Rules("info").notice_of(finding(identity, 1, severity=severity))
    assert found is not None
    return found


def test_notices_that_begin_at_once_are_sent_together_after_a_moment() -> None:
    outbox = Outbox(Pace(gather=5))
    first, second = notice("a"), notice("b")
    outbox.add(first, 100)
    assert outbox.due(100, NOON) == []
    assert outbox.pause(100, NOON) == 5
    outbox.add(second, 104)
    assert outbox.due(104.9, NOON) == []
    assert outbox.due(105, NOON) == [first, second]


def test_the_next_message_follows_after_a_pause_with_all_that_has_gathered() -> None:
    outbox = Outbox(Pace(gather=5, gap=30))
    first, second, third = map(notice, "abc")
    outbox.add(first, 0)
    outbox.remove(outbox.due(5, NOON), 6)
    outbox.add(second, 7)
    outbox.add(third, 30)
    assert outbox.due(35.9, NOON) == []
    assert outbox.due(36, NOON) == [second, third]


def test_nothing_waits_without_notices() -> None:
    outbox = Outbox(Pace())
    assert outbox.due(0, NOON) == []
    assert outbox.pause(0, NOON) is None


def test_a_failed_message_is_tried_again_less_and_less_often() -> None:
    outbox, only = Outbox(Pace()), notice("a")
    outbox.add(only, 0)
    now, pauses = 100.0, []
    for _ in range(10):
        assert outbox.due(now, NOON) == [only]
        outbox.delay(now)
        pauses.append(outbox_pause(outbox, now))
        now += 300
    assert 2.5 <= pauses[0] <= 5
    assert pauses[-1] == 30  # it looks again, and finds nothing due until 150 to 300 s have passed
    assert outbox.due(now - 300 + 149, NOON) == []


def outbox_pause(outbox: Outbox, now: float) -> float:
    pause = outbox.pause(now, NOON)
    assert pause is not None
    return pause


def test_during_quiet_hours_only_critical_findings_are_sent_and_the_others_afterwards() -> None:
    outbox = Outbox(Pace(quiet=OVERNIGHT))
    held, also_held, urgent = notice("a"), notice("b", "info"), notice("c", "critical")
    outbox.add(held, 0)
    assert outbox.due(3_600, NIGHT) == []
    assert outbox.pause(3_600, NIGHT) == 30
    outbox.add(urgent, 3_600)
    outbox.add(also_held, 3_601)
    assert outbox.due(3_605, NIGHT) == [urgent]
    outbox.remove([urgent], 3_605)
    assert outbox.due(7_200, 7 * 60 - 1) == []
    assert outbox.due(7_260, 7 * 60) == [held, also_held]


@pytest.mark.parametrize(
    ("quiet", "minutes"),
    [
        (OVERNIGHT, {1319: False, 1320: True, 1439: True, 0: True, 419: True, 420: False}),
        (((720, 780),), {719: False, 720: True, 779: True, 780: False}),
        (((0, 1440),), {0: True, 720: True, 1439: True}),
        (((720, 780), *OVERNIGHT), {740: True, 60: True, 800: False}),
        ((), {0: False, 720: False}),
    ],
)
def test_a_range_may_go_over_midnight(
    quiet: tuple[tuple[int, int], ...], minutes: dict[int, bool]
) -> None:
    assert {minute: Pace(quiet=quiet).is_quiet(minute) for minute in minutes} == minutes


def test_beyond_the_limit_the_oldest_notice_is_dropped() -> None:
    outbox = Outbox(Pace(gather=0, most=2))
    first, second, third = map(notice, "abc")
    assert outbox.add(first, 0) is None
    assert outbox.add(second, 0) is None
    assert outbox.add(third, 0) is first
    assert outbox.due(0, NOON) == [second, third]


def test_a_message_has_at_most_a_batch() -> None:
    outbox = Outbox(Pace(gather=0, gap=0, batch=1))
    first, second = map(notice, "ab")
    outbox.add(first, 0)
    outbox.add(second, 0)
    assert outbox.due(0, NOON) == [first]
    outbox.remove([first], 0)
    assert outbox.due(0, NOON) == [second]
