import time

import pytest

from collector.rivals import RivalWatch
from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import Message
from telemetry.bus.topics import TopicScheme
from telemetry.status import CollectorState, CollectorStatus

STARTED = 1_800_000_000_000
MINUTE = 60_000
NOBODY = BrokerAddress("127.0.0.1", 1)


class Heard:
    """A watch that began ``age`` seconds ago, and whom it gave way to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, age: float = 1.0) -> None:
        self.gave_way: list[CollectorStatus] = []
        with monkeypatch.context() as patch:
            began = time.monotonic() - age
            patch.setattr(time, "monotonic", lambda: began)
            self.watch = RivalWatch(NOBODY, TopicScheme(), "me", STARTED, self.gave_way.append)

    def hear(
        self,
        started: int = STARTED - MINUTE,
        timestamp: int = STARTED + 500,
        host: str = "me",
        state: CollectorState = CollectorState.ONLINE,
    ) -> None:
        status = CollectorStatus(host, timestamp, state, "1", started, 2.0)
        self.hear_payload(status.payload())

    def hear_payload(self, payload: bytes) -> None:
        self.watch.hear(Message("system/status", payload, False, 1, 1, 0))  # noqa: FBT003


def test_the_younger_gives_way_to_one_that_has_run_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard(monkeypatch)
    heard.hear()
    heard.hear()
    assert [status.started for status in heard.gave_way] == [STARTED - MINUTE]


def test_the_elder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(monkeypatch, age=30)
    for second in range(3):
        heard.hear(started=STARTED + 29_000, timestamp=STARTED + 29_000 + 1000 * second)
    assert heard.gave_way == []


def test_its_own_word_that_of_another_host_a_farewell_and_nonsense_are_no_rivals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard(monkeypatch)
    heard.hear(started=STARTED)
    heard.hear(host="other")
    heard.hear(state=CollectorState.OFFLINE)
    heard.hear_payload(b"\xff")
    assert heard.gave_way == []


def test_a_word_that_one_who_has_died_has_left_is_no_rival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard(monkeypatch)
    for _ in range(5):
        heard.hear(timestamp=STARTED - 1000)
    assert heard.gave_way == []


def test_one_whose_clock_is_behind_is_known_by_its_several_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard(monkeypatch)
    for second in range(3):
        heard.hear(timestamp=STARTED - 30_000 + 1000 * second)
    assert len(heard.gave_way) == 1
