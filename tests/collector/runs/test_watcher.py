"""What the watcher of runs takes from the broker."""

import pytest

from collector.runs import watcher as watcher_module
from collector.runs.watcher import RunWatcher
from telemetry.bus.messages import Message, Publication
from telemetry.bus.topics import TopicScheme
from telemetry.events import MAX_EVENT_BYTES
from tests.services.processes import wait_until
from tests.states import run


def message(payload: bytes, *, retained: bool = False) -> Message:
    return Message("system/runs/x", payload, retained, 1, 0, 0)


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> tuple[RunWatcher, list[Publication]]:
    """Start a watcher that checks without delay; return it and the list of what it publishes."""
    monkeypatch.setattr(watcher_module, "_PAUSE_SECONDS", 0.01)
    published: list[Publication] = []
    watcher = RunWatcher("alpha", TopicScheme(), published.append, lambda: True)
    watcher.start()
    return watcher, published


def test_a_flood_is_discarded_and_a_run_among_it_is_not_looked_at_for_long() -> None:
    """The thread is not running, so everything that is taken waits."""
    watcher = RunWatcher("alpha", TopicScheme(), lambda _: None, lambda: True)
    for _ in range(10_000):
        watcher.receive(message(b"x" * 100))
        watcher.receive(message(b"x" * (MAX_EVENT_BYTES + 1)))
    assert 1000 <= watcher._items.qsize() <= 1100  # noqa: SLF001 - nothing else shows it


def test_what_is_not_a_run_is_ignored_and_a_run_that_cannot_go_on_is_ended(
    watching: tuple[RunWatcher, list[Publication]],
) -> None:
    watcher, published = watching
    for payload in (b"", b"{}", b"\xff", b"[1]", run("y", channel="system/runs/y").payload()):
        watcher.receive(message(payload))
    left = run("x", channel="system/runs/x", process="another boot")
    watcher.receive(message(left.payload()))
    wait_until(lambda: len(published) == 2, "its end")
    watcher.stop()
    end, deletion = published
    assert (end.topic, end.retain, b'"x.end"' in end.payload) == ("system/runs/x", False, True)
    assert (deletion.topic, deletion.retain, deletion.payload) == ("system/runs/x", True, b"")


def test_the_deletion_of_a_state_is_published_again_if_the_broker_has_lost_it(
    watching: tuple[RunWatcher, list[Publication]],
) -> None:
    watcher, published = watching
    state = run("x", channel="system/runs/x", process="another boot").payload()
    watcher.receive(message(state))
    wait_until(lambda: len(published) == 2, "its end")
    watcher.receive(message(state))  # live: its publisher is back, and will publish its end
    watcher.receive(message(state, retained=True))
    wait_until(lambda: len(published) == 3, "the deletion")
    watcher.stop()
    assert published[1] == published[2]
