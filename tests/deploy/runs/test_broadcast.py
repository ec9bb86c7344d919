"""The end of a run is published even if the command was short and the machine is busy."""

import os
import threading

import pytest

from deploy.runs import broadcast
from deploy.runs.broadcast import Broadcast
from deploy.runs.child import End
from deploy.runs.request import Request
from deploy.runs.sampler import Sampler


class Loading:
    """Libraries that are loaded once a test says so."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.was_awaited = False

    def __call__(self) -> None:
        self.was_awaited = self.done.wait(60)


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Loading:
    found = Loading()
    monkeypatch.setattr(Broadcast, "_connect", lambda _: found())
    monkeypatch.setattr(broadcast, "_LAST_SECONDS", 0.01)
    return found


def started() -> Broadcast:
    request = Request(["true"], None, (), None, ())
    run = Broadcast(request, "true-1", os.getpid(), 0, Sampler(os.getpid()))
    run.start()
    return run


def test_the_end_waits_until_the_libraries_are_loaded(loading: Loading) -> None:
    run = started()
    threading.Timer(0.2, loading.done.set).start()
    run.stop(End(0, 0.0, 0), 1, {})
    assert loading.was_awaited


def test_libraries_that_do_not_load_are_reported(
    loading: Loading, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broadcast, "_LOAD_SECONDS", 0.01)
    run = started()
    assert not run.stop(End(0, 0.0, 0), 1, {})
    loading.done.set()
    assert "This run is not published: loading the libraries took" in capsys.readouterr().err
