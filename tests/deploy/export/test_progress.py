"""The progress bar of an export."""

import io
import sys

import pytest

from deploy.export.progress import Progress

ROWS = [(0, {"x": 1.0}), (500, {"x": 2.0}), (1000, {"x": 3.0})]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, visible: bool = True) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("deploy.export.progress._SECONDS", 0.0)
    with Progress(0, 1000, visible=visible) as progress:
        assert list(progress.counted(ROWS)) == ROWS
    return stream.getvalue()


def test_a_terminal_shows_the_share_and_the_rows_and_nothing_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, half, whole, last, _ = shown(monkeypatch, Terminal()).split("\x1b[K\r")
    assert first == f"\r[{30 * '.'}]   0%, 1 row"
    assert half == f"\r[{15 * '#'}{15 * '.'}]  50%, 2 rows"
    assert whole == f"\r[{30 * '#'}] 100%, 3 rows"
    assert last == "\r"


def test_a_file_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO()) == ""


def test_a_terminal_that_shows_the_rows_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), visible=False) == ""
