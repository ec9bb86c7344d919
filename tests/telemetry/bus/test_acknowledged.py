"""Which of the acknowledged messages are sent again after a reconnection."""

import pytest

from telemetry.bus.acknowledged import Acknowledged
from telemetry.bus.messages import Publication
from telemetry.bus.queued import Queued

SAMPLE = Queued(0.0, Publication("system/cpu", b"sample", retain=True, waits=True))
END = Queued(0.0, Publication("system/findings/a/b", b"end", retain=False))
DELETION = Queued(0.0, Publication("system/gpu/7", b"", retain=True))


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def acknowledged(clock: Clock) -> Acknowledged:
    return Acknowledged(clock)


def test_samples_and_events_of_the_last_ten_seconds_are_sent_again(
    acknowledged: Acknowledged, clock: Clock
) -> None:
    acknowledged.add([SAMPLE])
    clock.now = 6
    acknowledged.add([END, DELETION])
    assert acknowledged.recent({"system/cpu"}) == [SAMPLE, END]
    clock.now = 11
    acknowledged.add([])
    assert acknowledged.recent({"system/cpu"}) == [END]


def test_a_message_that_was_sent_again_is_not_kept_for_longer(
    acknowledged: Acknowledged, clock: Clock
) -> None:
    acknowledged.add([SAMPLE])
    clock.now = 9
    acknowledged.add([SAMPLE])
    clock.now = 11
    acknowledged.add([])
    assert acknowledged.recent({"system/cpu"}) == []


def test_a_state_that_has_been_deleted_is_not_sent_again(acknowledged: Acknowledged) -> None:
    acknowledged.add([SAMPLE, END])
    assert acknowledged.recent(set()) == [END]
