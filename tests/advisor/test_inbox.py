import threading
import time

from advisor.inbox import Inbox
from telemetry.bus.messages import Message


def message(number: int, size: int = 1000) -> Message:
    return Message(str(number), b"x" * size, retained=False, connection=1, identifier=0, quality=0)


def topics(messages: list[Message]) -> list[str]:
    return [each.topic for each in messages]


def test_messages_are_taken_in_order_after_a_while() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.put(message(number))
    assert topics(inbox.take(0.01)) == ["0", "1", "2"]
    assert inbox.take(0.01) == []


def test_a_full_inbox_drops_the_oldest_messages_and_counts_them() -> None:
    inbox = Inbox(capacity=10_000)
    for number in range(7):
        inbox.put(message(number))
    assert topics(inbox.take(10)) == ["3", "4", "5", "6"]
    assert inbox.dropped == 3


def test_a_half_full_inbox_and_a_stopped_one_are_taken_at_once() -> None:
    for change in (lambda inbox: inbox.put(message(0, 600)), lambda inbox: inbox.stop()):
        inbox = Inbox(capacity=2000)
        started = time.monotonic()
        threading.Timer(0.05, change, (inbox,)).start()
        inbox.take(10)
        assert time.monotonic() - started < 5
