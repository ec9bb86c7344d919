"""Which of the acknowledged messages are sent again after a reconnection."""

import pytest

from telemetry.bus.acknowledged import Acknowledged
from telemetry.bus.messages import Publication
from telemetry.bus.queued import Queued
from tests.fakes.monotonic import SettableClock

SAMPLE = Queued(0.0, Publication("system/cpu", b"sample", retain=True, waits=True))
END = Queued(0.0, Publication("system/findings/a/b", b"end", retain=False))
DELETION = Queued(0.0, Publication("system/gpu/7", b"", retain=True))


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def acknowledged(clock: SettableClock) -> Acknowledged:
    return Acknowledged(clock)


def test_samples_and_events_of_the_last_ten_seconds_are_sent_again(
    acknowledged: Acknowledged, clock: SettableClock
) -> None:
    acknowledged.add([SAMPLE])
    clock.now = 6
    acknowledged.add([END, DELETION])
    clock.now = 11
    assert acknowledged.recent({"system/cpu"}) == [SAMPLE, END]
    acknowledged.expire()
    assert acknowledged.recent({"system/cpu"}) == [END]


def test_a_message_that_was_sent_again_is_not_kept_for_longer(
    acknowledged: Acknowledged, clock: SettableClock
) -> None:
    acknowledged.add([SAMPLE])
    clock.now = 9
    acknowledged.add([SAMPLE])
    clock.now = 11
    acknowledged.expire()
    assert acknowledged.recent({"system/cpu"}) == []


def test_a_state_that_has_been_deleted_is_not_sent_again(acknowledged: Acknowledged) -> None:
    acknowledged.add([SAMPLE, END])
    assert acknowledged.recent(set()) == [END]
