"""The record of notices survives restarts and faults of the disk."""

import logging
from contextlib import closing
from pathlib import Path

import pytest

from advisor.notices import record
from advisor.notices.model import Notice, Rules
from advisor.notices.record import Record
from tests.states import finding


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "notices.sqlite3"


def notice(identity: str) -> Notice:
    found = Rules().notice_of(finding(identity, 1))
    assert found is not None
    return found


def test_a_notice_is_known_and_waits_for_its_targets_after_a_restart(file: Path) -> None:
    first, second = notice("a"), notice("b")
    with closing(Record(file)) as before:
        assert before.open() == []
        before.add(first, ["json", "slack"])
        before.add(second, ["slack"])
        before.settle([first.key, second.key], "slack")
    with closing(Record(file)) as after:
        assert after.open() == [(first.key, first.event, ["json"])]
        assert after.knows(first.key)
        assert after.knows(second.key)
        assert not after.knows(notice("c").key)


def test_a_process_that_is_killed_has_recorded_everything(file: Path) -> None:
    killed, only = Record(file), notice("a")  # never closed
    killed.open()
    killed.add(only, ["json"])
    with closing(Record(file)) as after:
        assert after.open() == [(only.key, only.event, ["json"])]
    killed.close()


def test_the_record_is_limited(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST", 2)
    notices = [notice(str(number)) for number in range(3)]
    with closing(Record(file)) as before:
        before.open()
        for each in notices:
            before.add(each, [])
    with closing(Record(file)) as after:
        after.open()
        assert [after.knows(each.key) for each in notices] == [False, True, True]


def test_only_this_account_can_read_it(file: Path) -> None:
    with closing(Record(file)) as opened:
        opened.open()
        opened.add(notice("a"), ["json"])
        modes = {each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert modes == {0o600}


def test_a_corrupt_record_is_deleted_and_reported(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database" * 100)
    with caplog.at_level(logging.WARNING), closing(Record(file)) as opened:
        assert opened.open() == []
        opened.add(notice("a"), ["json"])
        assert opened.problem is None
    assert "is corrupt" in caplog.text
    with closing(Record(file)) as after:
        assert len(after.open()) == 1


def test_without_a_folder_everything_but_a_restart_works_and_the_reason_is_reported(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").write_text("a file")
    with closing(Record(tmp_path / "data" / "notices.sqlite3")) as opened:
        assert opened.open() == []
        opened.add(notice("a"), ["json"])
        assert opened.knows(notice("a").key)
        assert opened.problem is not None
        assert "cannot be read or written" in opened.problem
        (tmp_path / "data").unlink()
        opened.add(notice("b"), ["json"])
        assert opened.problem is None
